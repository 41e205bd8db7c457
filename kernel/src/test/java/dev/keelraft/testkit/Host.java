package dev.keelraft.testkit;

import dev.keelraft.RawNode;
import dev.keelraft.model.Message;
import java.util.function.Consumer;

/**
 * One life of a member's process: the loop around a {@link RawNode} that is under test. A {@link Site} is the world that it
 * lives in. All calls come on one thread, at moments of virtual time, and must return without waiting for anything: what
 * takes time is asked of the site, which calls back. A crash is not announced: the object is forgotten, and nothing that
 * it asked for comes back.
 *
 * <p>{@link SerialHost} and {@link PipelinedHost} are the loops that the kernel's documentation shows.
 */
public interface Host {
    /** A tick of this member's clock. */
    void tick();

    /** A message of a peer has arrived, with all that belongs to it. */
    void step(Message message);

    /**
     * A client asks for a command to be executed. The same command may come again, here or at another member, if the
     * client got no answer: the state machine must know it.
     */
    void submit(byte[] command, Reply reply);

    /**
     * A client asks for a linearizable read.
     *
     * @param lease whether a leader's lease will do
     */
    void query(byte[] question, boolean lease, Reply reply);

    /** Says or asks something else of the node; what comes of it is done as after any other call. */
    void tell(Consumer<RawNode> call);

    /** How a client hears of the outcome; at most one call. */
    interface Reply {
        /** For who does not care. */
        Reply IGNORED = new Reply() {
            @Override
            public void done(byte[] answer) {}

            @Override
            public void refused(long leader) {}
        };

        /** It was executed, with this result. */
        void done(byte[] answer);

        /**
         * It was not executed, and will not be, as far as this member can tell: but it may have been executed before.
         *
         * @param leader where to try next, or 0
         */
        void refused(long leader);
    }

    /** Starts a life. */
    @FunctionalInterface
    interface Factory {
        /** Makes the loop, with a node that is bootstrapped, joins, or is restarted from what the site's log holds. */
        Host start(Site site);
    }
}
