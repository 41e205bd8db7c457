package dev.keelraft.testkit;

/** What a group replicates. {@link Registers} is the one that comes with the simulator. */
public interface StateMachine {
    /** Executes a command, and returns its result. A command that was executed before gives the same result, and has no effect. */
    byte[] apply(long index, byte[] command);

    /** Answers a question; changes nothing. */
    byte[] query(byte[] question);

    /** Returns all of it. */
    byte[] snapshot();

    /** Becomes what a snapshot holds. */
    void restore(byte[] snapshot);
}
