/**
 * The wire format of a Keel group, which is that of etcd's raft library.
 *
 * <p>{@link dev.keelraft.proto.MessageCodec} translates the kernel's values. The generated classes of the schema are exported
 * for hosts that want them; the codec does not load them.
 */
// protobuf-java has a fixed name but no descriptor, and its streams stand in the codec's signatures.
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module dev.keelraft.proto {
    requires transitive com.google.protobuf;
    requires transitive dev.keelraft.kernel;
    requires static org.jspecify;

    exports dev.keelraft.proto;
    exports dev.keelraft.proto.wire;
}
