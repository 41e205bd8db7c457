package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import java.util.List;

/**
 * What one group is like: drawn anew for each run, since many bugs need two settings at once that no default has (swarm
 * testing).
 *
 * @param members how many found the group
 * @param pipelined a bit for each member: whether its host writes asynchronously
 * @param tickMillis the length of a tick
 * @param electionTicks see {@link RaftConfig}
 * @param heartbeatTicks see there
 * @param preVotes a bit for each member: whether it asks before it campaigns; some do and some do not while a group is being upgraded
 * @param checkQuorum see there
 * @param leases whether leaders hold leases, and clients ask for reads by them
 * @param stepDownOnRemoval see {@link RaftConfig}
 * @param incarnations whether disks have names, so that a member can come back with another one
 * @param priorities whether members differ in how much they should lead
 * @param small whether limits on messages, Readys and windows are so small that they matter
 * @param uncommittedBytes what a leader takes that is not committed, where limits are small
 * @param snapshotEntries after how many entries a snapshot is due
 * @param applyMillis how long it takes to apply, at most
 * @param thinkMillis how long a client rests between two commands, at most
 * @param clients how many there are
 */
record Setup(
        int members,
        int pipelined,
        int tickMillis,
        int electionTicks,
        int heartbeatTicks,
        int preVotes,
        boolean checkQuorum,
        boolean leases,
        boolean stepDownOnRemoval,
        boolean incarnations,
        boolean priorities,
        boolean small,
        int uncommittedBytes,
        int snapshotEntries,
        int applyMillis,
        int thinkMillis,
        int clients) {

    /** The bits of all members. */
    static final int ALL = -1;

    static Setup draw(SimulationOptions options, Dice dice) {
        boolean checkQuorum = dice.chance(800);
        return new Setup(
                options.members() > 0 ? options.members() : dice.of(List.of(1, 2, 3, 3, 3, 3, 4, 5, 5)),
                dice.nextInt(1 << 10) & (dice.chance(500) ? -1 : 0),
                options.tickMillis(),
                10,
                dice.chance(700) ? 1 : dice.between(2, 4),
                dice.chance(700) ? ALL : dice.nextInt(1 << 10) & (dice.chance(500) ? -1 : 0),
                checkQuorum,
                checkQuorum && dice.chance(400),
                dice.chance(850),
                dice.chance(400),
                dice.chance(150),
                dice.chance(500),
                dice.of(List.of(70, 400)),
                dice.of(List.of(5, 20, 100, 400)),
                dice.of(List.of(1, 5, 100)),
                dice.of(List.of(20, 200, 1_000)),
                options.clients() >= 0 ? options.clients() : dice.between(2, 6));
    }

    /** The settings of one member's node. */
    RaftConfig.Builder config(SimulatedMember member, Dice random) {
        RaftConfig.Builder builder = RaftConfig.builder(member.id(), random)
                .electionTicks(electionTicks)
                .heartbeatTicks(heartbeatTicks)
                .preVote(isSet(preVotes, member.id()))
                .checkQuorum(checkQuorum)
                .leaseReads(leases)
                .stepDownOnRemoval(stepDownOnRemoval)
                .incarnation(member.incarnation())
                // Now and then a host forgets to say what became of a snapshot.
                .snapshotTimeoutTicks(4 * electionTicks)
                .priority(priorities ? (int) (member.id() % 3) : 0)
                .asyncStorageWrites(isPipelined(member.id()));
        if (small) {
            builder.maxMessageBytes(100)
                    .maxReadyBytes(150)
                    .maxCommittedBytes(120)
                    .maxInflightMessages(3)
                    .maxInflightBytes(300)
                    .maxUncommittedBytes(uncommittedBytes)
                    .maxPendingReads(4);
        }
        return builder;
    }

    boolean isPipelined(long id) {
        return isSet(pipelined, id);
    }

    private static boolean isSet(int bits, long id) {
        return (bits >> (id % 10) & 1) == 1;
    }
}
