package dev.keelraft;

import dev.keelraft.ConformanceScript.Step;
import dev.keelraft.model.ConfState;
import dev.keelraft.quorum.Ballot;
import dev.keelraft.quorum.JointConfig;
import dev.keelraft.quorum.MajorityConfig;
import java.util.ArrayList;
import java.util.List;

/** Runs scripts about quorums: {@code committed} and {@code vote}, of one majority or of two. */
final class ConformanceQuorum {
    private ConformanceQuorum() {}

    static String run(Step step) {
        List<Long> incoming = ids(step, "cfg");
        List<Long> outgoing = step.value("cfgj", "zero").equals("zero") ? List.of() : ids(step, "cfgj");
        JointConfig config = new JointConfig(majority(incoming), majority(outgoing));
        // The values are those of the voters in the order in which they are named, each once.
        List<Long> voters = new ArrayList<>(incoming);
        outgoing.stream().filter(id -> !voters.contains(id)).forEach(voters::add);
        String verdict = switch (step.command()) {
            case "committed" -> committed(config, voters, step.values("idx"));
            case "vote" -> vote(config, voters, step.values("votes"));
            default -> throw new IllegalArgumentException("unknown command: " + step.line());
        };
        return verdict + "\n";
    }

    private static List<Long> ids(Step step, String key) {
        return step.values(key).stream().map(Long::parseUnsignedLong).toList();
    }

    private static MajorityConfig majority(List<Long> ids) {
        return MajorityConfig.of(ConfState.of(ids).voters());
    }

    private static String committed(JointConfig config, List<Long> voters, List<String> indexes) {
        long index = config.committedIndex(voter -> {
            String value = indexes.get(voters.indexOf(voter));
            return value.equals("_") ? 0 : Long.parseLong(value);
        });
        if (voters.isEmpty()) {
            return "<empty majority quorum>∞";
        }
        return index == Long.MAX_VALUE ? "∞" : Long.toString(index);
    }

    private static String vote(JointConfig config, List<Long> voters, List<String> votes) {
        return switch (config.voteResult(voter -> switch (votes.get(voters.indexOf(voter))) {
            case "y" -> Ballot.GRANTED;
            case "n" -> Ballot.REJECTED;
            default -> Ballot.MISSING;
        })) {
            case PENDING -> "VotePending";
            case LOST -> "VoteLost";
            case WON -> "VoteWon";
        };
    }
}
