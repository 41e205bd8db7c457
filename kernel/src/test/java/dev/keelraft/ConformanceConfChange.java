package dev.keelraft;

import dev.keelraft.ConformanceScript.Step;
import dev.keelraft.confchange.Changer;
import dev.keelraft.confchange.Membership;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.tracker.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs scripts of configuration changes: each prints the new configuration with the progress of its members. */
final class ConformanceConfChange {
    private Membership membership = Membership.EMPTY;
    private final Map<Long, Progress> progress = new TreeMap<>();

    /** In these scripts the log grows by one entry with each command. */
    private long lastIndex;

    String run(Step step) {
        List<Change> changes = new ArrayList<>();
        for (String token : step.input().split("\\s+", -1)) {
            if (!token.isEmpty()) {
                changes.add(ConformanceCluster.change(token));
            }
        }
        Changer.Outcome outcome = switch (step.command()) {
            case "simple" -> Changer.simple(membership, changes);
            case "enter-joint" -> Changer.enterJoint(membership, step.flag("autoleave"), changes);
            case "leave-joint" -> Changer.leaveJoint(membership);
            default -> throw new IllegalArgumentException("unknown command: " + step.line());
        };
        String printed = outcome instanceof Changer.Changed changed
                ? adopt(changed)
                : text(((Changer.Refused) outcome).reason()) + "\n";
        lastIndex++;
        return printed;
    }

    private String adopt(Changer.Changed changed) {
        membership = changed.membership();
        for (long id : changed.created()) {
            Progress fresh = new Progress(Math.max(lastIndex, 1), 1, 1);
            fresh.setRecentlyActive(true);
            progress.put(id, fresh);
        }
        progress.keySet().removeIf(id -> !membership.contains(id));
        StringBuilder text = new StringBuilder(ConformanceDescriber.config(membership.confState()));
        text.append(membership.confState().autoLeave() ? " autoleave\n" : "\n");
        progress.forEach((id, known) ->
                text.append(ConformanceDescriber.progress(Status.Peer.of(id, known, membership.isLearner(id)))));
        return text.toString();
    }

    private static String text(ConfChangeRefusal refusal) {
        return switch (refusal) {
            case ALREADY_JOINT -> "config is already joint";
            case NOT_JOINT -> "can't leave a non-joint config";
            case SIMPLE_CHANGE_IN_JOINT -> "can't apply simple config change in joint config";
            case NO_VOTERS -> "can't make a zero-voter config joint";
            case REMOVES_ALL_VOTERS -> "removed all voters";
            case CHANGES_SEVERAL_VOTERS -> "more than one voter changed without entering joint config";
            case REPLACES_VOTER, INVALID_NODE_ID, UNDECODABLE -> refusal.name();
        };
    }
}
