package dev.keelraft;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

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

    /** Why it has stopped for good: it is dead until it is started again. */
    @Nullable
    RaftFailedException failure;

    /** What it has handed out, and how it has answered; in all its lives. */
    final List<Ready> readys = new ArrayList<>();

    final List<ProposalResult> proposals = new ArrayList<>();
    final List<StepResult> steps = new ArrayList<>();
    final List<ConfChangeResult> confChanges = new ArrayList<>();

    ConformanceNode(long id, RaftConfig config, ConformanceDisk disk) {
        this.id = id;
        this.config = config;
        this.disk = disk;
        start();
    }

    void start() {
        failure = null;
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

    /**
     * Applies entries.
     *
     * @param careful whether to leave out what a snapshot that has arrived meanwhile includes: its members are those of the
     *     snapshot already, and not those of the entry's index
     */
    void apply(List<Entry> entries, boolean careful) {
        for (Entry entry : entries) {
            byte[] data = entry.data();
            ConfState confState = disk.newest().confState();
            if (entry.type().isConfChange()) {
                data = ConfChange.decode(entry).orElseThrow().context();
                ConfChangeResult result = raw.applyConfChange(entry);
                confChanges.add(result);
                confState = result.confState();
            }
            if (careful
                    && (entry.index() <= disk.newest().index()
                            || entry.index() < raw.status().firstIndex())) {
                continue;
            }
            disk.apply(entry, data, confState);
        }
    }
}
