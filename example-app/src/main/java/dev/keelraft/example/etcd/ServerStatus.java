package dev.keelraft.example.etcd;

/**
 * How a member stands, at one moment.
 *
 * @param clusterId the group; unsigned
 * @param memberId this member; unsigned
 * @param term its term
 * @param leader who leads in that term, or 0
 * @param commitIndex how far the log is known to be committed
 * @param appliedIndex how far it has been applied
 * @param learner whether this member receives the log without voting
 * @param diskFull whether there is no room to store what it should
 */
public record ServerStatus(
        long clusterId,
        long memberId,
        long term,
        long leader,
        long commitIndex,
        long appliedIndex,
        boolean learner,
        boolean diskFull) {}
