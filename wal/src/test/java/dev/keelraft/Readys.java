package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import java.util.List;

/** Makes Readys, which only the kernel can, out of what a log stores of them. */
public final class Readys {
    private Readys() {}

    /** A Ready that holds these, and nothing else. */
    public static Ready of(HardState hardState, Snapshot snapshot, List<Entry> entries) {
        return new Ready(
                new SoftState(NodeId.NONE, RaftRole.FOLLOWER),
                false,
                hardState,
                snapshot,
                entries,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                !entries.isEmpty() || !snapshot.isNone(),
                0,
                0,
                null);
    }
}
