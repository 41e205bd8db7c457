/**
 * The write-ahead log: makes what a Ready holds durable, and answers the kernel's reads. Start with the tour in the package
 * {@link dev.keelraft.wal}.
 */
module dev.keelraft.wal {
    requires transitive dev.keelraft.kernel;
    requires static org.jspecify;
    requires static jdk.jfr;

    exports dev.keelraft.wal;
}
