package dev.keelraft;

import dev.keelraft.quorum.JointConfig;

/**
 * How long a leader may take for granted that nobody else leads (thesis 6.4.1).
 *
 * <p>Whoever hears from a leader votes for nobody else for an election time-out of its own ticks ({@link Raft#promiseLease}). Each
 * heartbeat carries the tick in which it was made, and each answer brings it back; so the leader knows of each voter a moment
 * after which that promise began. The moment that a quorum has passed is when the lease began: whoever wants to win has to have
 * the vote of one of them.
 *
 * <pre>
 *   leader's ticks       T        T+1      T+2   ...              T+E-2-drift
 *                        |heartbeat made                          |last read from the lease
 *                         \                                        (over before tick T+E-1-drift)
 *   voter                  heard: E ticks of its own, the first of which may come at once,
 *                          so no less than E-1 whole tick intervals
 * </pre>
 *
 * <p>The lease ends for the rest of the term when the leader tells somebody to campaign: that campaign is exempt from all
 * promises, and the message that orders it may arrive at any time.
 */
final class Lease {
    private final long length;

    /** The leader's ticks, from 1 on, and to which of them each node has answered. */
    private final Answers ticks;

    private boolean ended;

    Lease(long self, RaftConfig config) {
        this.length = config.electionTicks() - 2L - config.leaseDriftTicks();
        this.ticks = new Answers(self);
        ticks.ask(1);
    }

    void tick() {
        ticks.ask(ticks.newest() + 1);
    }

    /** The tick for a heartbeat that is made now. */
    long now() {
        return ticks.newest();
    }

    /** A node has answered a heartbeat that was made in a tick; 0 says nothing. */
    void answered(long node, long tick) {
        ticks.answer(node, tick);
    }

    /** There may be another leader from now on, by this one's own order. */
    void end() {
        ended = true;
    }

    boolean isHeld(JointConfig voters) {
        long begun = voters.committedIndex(ticks);
        return !ended && begun > 0 && now() - begun <= length;
    }
}
