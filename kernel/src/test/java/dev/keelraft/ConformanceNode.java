package dev.keelraft;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** A scripted node: its kernel, its disk, and, with asynchronous storage writes, the work that waits for the storage threads. */
final class ConformanceNode {
    final long id;
    final RaftConfig config;
    final ConformanceDisk disk;
    RawNode raw;

    /** Readys to store, and Readys to apply. */
    final Queue<Ready> appendWork = new ArrayDeque<>();

    final Queue<Ready> applyWork = new ArrayDeque<>();

    /** Whether the kernel hears of finished work through its public methods, which demand the order of the Readys. */
    boolean orderly;

    /** Readys without storage work for etcd, which the kernel wants to hear of nevertheless, each behind the one with work. */
    final Queue<Ready> unpersisted = new ArrayDeque<>();

    ConformanceNode(long id, RaftConfig config, ConformanceDisk disk) {
        this.id = id;
        this.config = config;
        this.disk = disk;
        start();
    }

    void start() {
        raw = disk.isEmpty()
                ? RawNode.join(config, disk)
                : RawNode.restart(
                        config,
                        disk,
                        new Applied(disk.newest().index(), disk.newest().confState()));
    }

    boolean isAsync() {
        return config.asyncStorageWrites();
    }

    void apply(List<Entry> entries) {
        for (Entry entry : entries) {
            byte[] data = entry.data();
            ConfState confState = disk.newest().confState();
            if (entry.type().isConfChange()) {
                data = ConfChange.decode(entry).orElseThrow().context();
                confState = raw.applyConfChange(entry).confState();
            }
            disk.apply(entry, data, confState);
        }
    }
}
