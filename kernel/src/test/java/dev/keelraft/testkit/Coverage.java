package dev.keelraft.testkit;

import java.util.ArrayList;
import java.util.List;

/** How often each fault and each interesting state was there: what never was is not tested, whatever the result. */
/* The order of an enum's constants is a stable place within one run, which is all that a counter needs. */
@SuppressWarnings("EnumOrdinal")
public final class Coverage {
    /** States that a good run comes through. */
    public enum Seen {
        /** Somebody began to lead. */
        ELECTION,
        /** A term ended without a leader: votes were split, or lost. */
        TERM_WITHOUT_LEADER,
        /** A leader was followed by another one while it still took itself for one. */
        TWO_LEADERS,
        /** A message was lost. */
        LOST,
        /** A message arrived twice. */
        DUPLICATED,
        /** A message overtook another of its link. */
        OVERTAKEN,
        /** A message of long ago was repeated. */
        REPLAYED,
        /** A message arrived at a later life of its receiver than it was sent to. */
        ARRIVED_IN_A_LATER_LIFE,
        /** An append was rejected. */
        APPEND_REJECTED,
        /** Entries of a log were replaced by others. */
        CONFLICT,
        /** A snapshot was sent. */
        SNAPSHOT_SENT,
        /** A snapshot was installed. */
        SNAPSHOT_INSTALLED,
        /** A snapshot was installed over entries that were in conflict with the leader's. */
        SNAPSHOT_OVER_CONFLICT,
        /** A member made a snapshot of its own. */
        SNAPSHOT_SAVED,
        /** Readys were lost that were appended and not synced. */
        UNSYNCED_LOST,
        /** A part of the Readys that were appended and not synced survived. */
        UNSYNCED_SURVIVED,
        /** A member crashed between an append and its sync. */
        CRASH_BETWEEN_APPEND_AND_SYNC,
        /** Power was lost in the midst of an operation of a disk. */
        POWER_LOST_IN_OPERATION,
        /** A log failed with its disk. */
        LOG_FAILED,
        /** A Ready, or a snapshot, found no room on the disk, and had to wait. */
        NO_ROOM,
        /** A leader crashed. */
        LEADER_CRASHED,
        /** A member was paused while it led. */
        LEADER_PAUSED,
        /** The disk of a leader stalled. */
        LEADER_STALLED,
        /** A candidate crashed. */
        CANDIDATE_CRASHED,
        /** A joint configuration was entered. */
        JOINT_ENTERED,
        /** A joint configuration was left. */
        JOINT_LEFT,
        /** A crash, or a partition, came in a joint configuration. */
        FAULT_WHILE_JOINT,
        /** A leader was removed. */
        LEADER_REMOVED,
        /** A leader was removed by a joint configuration. */
        LEADER_REMOVED_IN_JOINT,
        /** A learner became a voter. */
        PROMOTED,
        /** A voter became a learner. */
        DEMOTED,
        /** A new member joined. */
        JOINED,
        /** A configuration change was refused. */
        CHANGE_REFUSED,
        /** A handover of leadership was begun. */
        TRANSFER_STARTED,
        /** A handover was ordered, and the order was lost or came to nothing. */
        TRANSFER_LOST,
        /** A member with another disk was taken into the group again. */
        NEW_INCARNATION,
        /** A node stopped itself, because its log lacks what it had promised; its disk had been exchanged. */
        LOSS_NOTICED,
        /** A command was tried again. */
        RETRIED,
        /** A read was confirmed by a lease, or by a quorum. */
        READ,
        /** Commits of a single voter. */
        SINGLE_VOTER
    }

    private final long[] faults = new long[Fault.Kind.values().length];
    private final long[] seen = new long[Seen.values().length];

    void count(Fault.Kind kind) {
        faults[kind.ordinal()]++;
    }

    void count(Seen state) {
        seen[state.ordinal()]++;
    }

    void count(Seen state, long times) {
        seen[state.ordinal()] += times;
    }

    /** How often a fault came to pass. */
    public long of(Fault.Kind kind) {
        return faults[kind.ordinal()];
    }

    /** How often a state was there. */
    public long of(Seen state) {
        return seen[state.ordinal()];
    }

    /** Crashes, partitions, disk stalls, pauses and clock changes. */
    public long hardFaults() {
        long sum = 0;
        for (Fault.Kind kind : Fault.Kind.values()) {
            sum += kind.isHard() ? of(kind) : 0;
        }
        return sum;
    }

    /** Adds what another run has counted. */
    public void add(Coverage other) {
        for (int i = 0; i < faults.length; i++) {
            faults[i] += other.faults[i];
        }
        for (int i = 0; i < seen.length; i++) {
            seen[i] += other.seen[i];
        }
    }

    /** What never was. */
    public List<String> gaps() {
        List<String> gaps = new ArrayList<>();
        for (Fault.Kind kind : Fault.Kind.values()) {
            if (of(kind) == 0) {
                gaps.add(kind.name());
            }
        }
        for (Seen state : Seen.values()) {
            if (of(state) == 0) {
                gaps.add(state.name());
            }
        }
        return gaps;
    }

    /** A table, a line for each. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        for (Fault.Kind kind : Fault.Kind.values()) {
            line(table, "fault", kind.name(), of(kind));
        }
        for (Seen state : Seen.values()) {
            line(table, "state", state.name(), of(state));
        }
        return table.toString();
    }

    private static void line(StringBuilder table, String what, String name, long count) {
        table.append(String.format("%-6s %-32s %,12d%s%n", what, name, count, count == 0 ? "   <- never" : ""));
    }
}
