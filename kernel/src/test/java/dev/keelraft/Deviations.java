package dev.keelraft;

import dev.keelraft.model.ConfState;
import java.util.EnumSet;
import java.util.function.UnaryOperator;

/** Nodes with all deviations, but one perhaps: for the stories that are told twice. */
final class Deviations {
    private static final ConfState THREE = TestNode.confState(3);

    private Deviations() {}

    static RaftConfig.Builder settings(long id, Deviation deviation, boolean on) {
        return with(deviation, on).apply(TestNode.plain(id));
    }

    static UnaryOperator<RaftConfig.Builder> with(Deviation deviation, boolean on) {
        EnumSet<Deviation> deviations = EnumSet.allOf(Deviation.class);
        if (!on) {
            deviations.remove(deviation);
        }
        return config -> config.deviations(deviations);
    }

    static RawNode start(RaftConfig config, MemoryStorage storage) {
        return RawNode.restart(config, storage, new Applied(storage.snapshot().index(), THREE));
    }
}
