package dev.keelraft.testkit;

import dev.keelraft.ReadPolicy;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.testkit.Violation.Rule;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What makes a read linearizable (thesis 6.4): it sees all that was committed when it was asked, and whoever answered it
 * led then. Clients notice a stale read only if somebody has written the same key in the short time between.
 */
final class Readings {
    private final World world;

    /** By member and its number for the read; those of the present life. */
    private final Map<Long, Map<Long, Asked>> asked = new HashMap<>();

    /** When somebody last said something in a term that confirms its leader. */
    private final Map<Long, Map<Long, Long>> answered = new HashMap<>();

    private record Asked(long at, long committed, long ledTerm, boolean isDeposed, ReadPolicy policy) {}

    Readings(World world) {
        this.world = world;
    }

    void restarted(SimulatedMember member) {
        asked.remove(member.id());
    }

    void leaves(Message message) {
        if (message.type() == MessageType.HEARTBEAT_RESPONSE) {
            answered.computeIfAbsent(message.term(), any -> new HashMap<>())
                    .put(message.from(), world.agenda().now());
        }
    }

    /** A host has asked its node for a read; in which term that led, or 0. */
    void asks(SimulatedMember member, long number, long ledTerm, ReadPolicy policy) {
        Rules rules = world.rules();
        Asked read = new Asked(
                world.agenda().now(),
                rules.decidedIndex(),
                ledTerm,
                ledTerm > 0 && ledTerm < rules.newestTerm(),
                policy);
        asked.computeIfAbsent(member.id(), any -> new HashMap<>()).put(number, read);
    }

    /** A node says from which index on a read may be served. */
    void confirms(SimulatedMember member, long number, long index, List<ConfState> members) {
        Asked read = asked.getOrDefault(member.id(), Map.of()).get(number);
        if (read == null) {
            throw new Violation(Rule.NO_FAILURE, "node " + member.id() + " answers a read that nobody has asked");
        }
        if (index < read.committed()) {
            throw new Violation(
                    Rule.LINEARIZABILITY,
                    "node " + member.id() + " serves from index " + index + " a read that was asked when index "
                            + read.committed() + " was committed");
        }
        if (read.ledTerm() == 0 || !world.options().checkPromises()) {
            return; // another one has answered it; or how it came to its answer does not matter
        }
        if (read.isDeposed()) {
            throw new Violation(
                    Rule.LINEARIZABILITY,
                    "node " + member.id() + " answers as the leader of term " + read.ledTerm()
                            + " a read that was asked when a later term had a leader");
        }
        if (read.policy() == ReadPolicy.LINEARIZABLE) {
            checkConfirmed(member, read, members);
        }
    }

    private void checkConfirmed(SimulatedMember member, Asked read, List<ConfState> members) {
        Set<Long> since = new HashSet<>();
        since.add(member.id());
        answered.getOrDefault(read.ledTerm(), Map.of()).forEach((id, at) -> {
            // A message takes a millisecond at least.
            if (at > read.at()) {
                since.add(id);
            }
        });
        if (members.stream().noneMatch(some -> Members.isQuorum(some, since))) {
            throw new Violation(
                    Rule.LINEARIZABILITY,
                    "node " + member.id() + " answers a read for which nobody but " + since + " of " + members
                            + " has confirmed its leadership of term " + read.ledTerm());
        }
    }
}
