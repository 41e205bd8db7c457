package dev.keelraft.testkit;

import java.util.Locale;

/**
 * Something that goes wrong, or that an operator does. All numbers make sense in every group: places are taken modulo what there is.
 *
 * @param at when, in milliseconds
 * @param kind what
 * @param member a place among the members
 * @param other a second place, a bit mask, or a choice
 * @param amount how much, from 0 to 999
 * @param millis for how long
 */
public record Fault(long at, Kind kind, int member, int other, int amount, long millis) implements Comparable<Fault> {
    /** What can go wrong. */
    public enum Kind {
        /** Messages are lost, everywhere or on one link. */
        LOSS,
        /** Messages arrive twice. */
        DUPLICATION,
        /** Messages are late, and overtake each other. */
        DELAY,
        /** Messages of long ago arrive again, also in a later life of the receiver. */
        REPLAY,
        /** Two halves do not hear each other. */
        PARTITION,
        /** One member hears nobody, and nobody hears it. */
        ISOLATION,
        /** A member is not heard, but hears; or the other way round. */
        ONE_WAY,
        /** Two members do not hear each other; everybody else hears both. */
        CUT_LINK,
        /** A process dies; what it has written stays. */
        CRASH,
        /** A machine loses power; what was not synced may be gone. */
        POWER_LOSS,
        /** A machine loses power at one of the next persist points: before a write, before its sync, or just after. */
        POWER_LOSS_WHILE_WRITING,
        /** All machines lose power. */
        POWER_LOSS_OF_ALL,
        /** A process stands still, and goes on later as if nothing had happened. */
        PAUSE,
        /** A disk takes its time. */
        SLOW_DISK,
        /** A disk finishes nothing. */
        STALLED_DISK,
        /** A clock goes too fast or too slow. */
        CLOCK,
        /** A disk is lost for good; the member is replaced by one of another name, or of another incarnation. */
        WIPE,
        /** A disk is set back to an old copy; the member comes back as another incarnation. */
        BACKUP,
        /** Somebody is asked to lead in the leader's place. */
        TRANSFER,
        /** A member campaigns, because its host says so. */
        CAMPAIGN,
        /** A follower forgets its leader, because its host says so. */
        FORGET_LEADER,
        /** A new member is added. */
        ADD_MEMBER,
        /** A learner becomes a voter. */
        PROMOTE,
        /** A voter becomes a learner. */
        DEMOTE,
        /** A member is removed. */
        REMOVE,
        /** The leader is removed. */
        REMOVE_LEADER,
        /** Several changes at once, through a joint configuration. */
        JOINT_CHANGE,
        /** Snapshots are made, and the log compacted, after very few entries. */
        COMPACTION,
        /** An operation of a disk fails, and with it the log: the process ends, and starts anew. */
        DISK_ERROR,
        /** A disk has no room for a while. */
        DISK_FULL;

        /** Whether it happens to one member, and not to the network or the group. */
        boolean isOfOne() {
            return switch (this) {
                case ISOLATION,
                        ONE_WAY,
                        CRASH,
                        POWER_LOSS,
                        POWER_LOSS_WHILE_WRITING,
                        PAUSE,
                        SLOW_DISK,
                        STALLED_DISK,
                        CLOCK,
                        WIPE,
                        BACKUP,
                        CAMPAIGN,
                        FORGET_LEADER,
                        DISK_ERROR,
                        DISK_FULL -> true;
                default -> false;
            };
        }

        /** Whether it is there for a while, and not done at once. */
        boolean lasts() {
            return switch (this) {
                case REPLAY,
                        POWER_LOSS_WHILE_WRITING,
                        WIPE,
                        BACKUP,
                        TRANSFER,
                        CAMPAIGN,
                        FORGET_LEADER,
                        ADD_MEMBER,
                        PROMOTE,
                        DEMOTE,
                        REMOVE,
                        REMOVE_LEADER,
                        JOINT_CHANGE,
                        DISK_ERROR -> false;
                default -> true;
            };
        }

        /** Whether this counts as a fault in a count of faults: crashes, partitions, disk stalls, pauses, clock changes. */
        boolean isHard() {
            return switch (this) {
                case PARTITION,
                        ISOLATION,
                        ONE_WAY,
                        CUT_LINK,
                        CRASH,
                        POWER_LOSS,
                        POWER_LOSS_WHILE_WRITING,
                        POWER_LOSS_OF_ALL,
                        PAUSE,
                        STALLED_DISK,
                        CLOCK,
                        WIPE,
                        BACKUP,
                        DISK_ERROR -> true;
                default -> false;
            };
        }
    }

    @Override
    public int compareTo(Fault other) {
        return Long.compare(at, other.at);
    }

    /** In the form that {@link #parse} takes: {@code 1200:CRASH:2:0:17:800}. */
    @Override
    public String toString() {
        return at + ":" + kind + ":" + member + ":" + other + ":" + amount + ":" + millis;
    }

    /**
     * The fault that a text stands for.
     *
     * @throws IllegalArgumentException if it stands for none
     */
    public static Fault parse(String text) {
        String[] parts = text.trim().split(":", -1);
        if (parts.length != 6) {
            throw new IllegalArgumentException("a fault is at:KIND:member:other:amount:millis, not " + text);
        }
        return new Fault(
                Long.parseLong(parts[0]),
                Kind.valueOf(parts[1].toUpperCase(Locale.ROOT)),
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]),
                Integer.parseInt(parts[4]),
                Long.parseLong(parts[5]));
    }
}
