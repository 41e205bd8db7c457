/** The wire format of a Keel group, which is that of etcd's raft library: the classes generated from its schema. */
// protobuf-java has a fixed name but no descriptor, and its types stand in the signatures of the generated classes.
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module dev.keelraft.proto {
    requires transitive com.google.protobuf;

    exports dev.keelraft.proto.wire;
}
