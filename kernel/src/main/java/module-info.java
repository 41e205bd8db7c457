/**
 * The Raft kernel: a state machine without IO, threads, clock or randomness of its own.
 *
 * <p>Start with {@link dev.keelraft.RawNode} and the tour in its package. Only two packages are exported; what the others
 * hold may change with any version.
 */
module dev.keelraft.kernel {
    requires static org.jspecify;

    exports dev.keelraft;
    exports dev.keelraft.model;
}
