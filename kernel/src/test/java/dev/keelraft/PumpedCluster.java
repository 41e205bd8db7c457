package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/**
 * Members on one thread, with their logs on the heap, and a network that delivers every message by reference: the workload with
 * which raft libraries are compared, and nothing beside the kernel that costs. Node 1 leads; every log begins behind a snapshot
 * at index 1 of term 1.
 *
 * <p>The host allocates nothing of its own once its lists have grown.
 */
final class PumpedCluster {
    /** A log is compacted up to what is applied each time that this many entries more are. */
    static final long COMPACTED_ENTRIES = 10_000;

    private final List<Member> members = new ArrayList<>();
    private List<Message> queue = new ArrayList<>();
    private List<Message> delivered = new ArrayList<>();

    /** A group of so many voters with ids from 1 on, the first of which leads when this returns. */
    PumpedCluster(int nodes) {
        this(LongStream.rangeClosed(1, nodes).boxed().toList(), UnaryOperator.identity());
    }

    /** A group of these voters, the first of which leads when this returns, with other settings than {@link #config}. */
    PumpedCluster(List<Long> voters, UnaryOperator<RaftConfig.Builder> settings) {
        for (long id : voters) {
            RaftConfig config = settings.apply(config(id)).build();
            members.add(new Member(config, voters));
        }
        leader().node.campaign();
        pump();
        if (leader().node.status().softState().role() != RaftRole.LEADER) {
            throw new AssertionError(
                    "the first node does not lead: " + leader().node.status());
        }
    }

    /** The settings of the workload. Limits that other libraries do not have are off. */
    static RaftConfig.Builder config(long id) {
        return RaftConfig.builder(id, new Random(id))
                .electionTicks(10)
                .heartbeatTicks(1)
                .checkQuorum(true)
                .preVote(true)
                .maxMessageBytes(1 << 20)
                .maxInflightMessages(256)
                .maxInflightBytes(RaftConfig.NO_LIMIT)
                .maxUncommittedBytes(RaftConfig.NO_LIMIT);
    }

    /** A log that begins behind a snapshot at index 1 of term 1. */
    static MemoryStorage storage(List<Long> voters) {
        return new MemoryStorage(new Snapshot(1, 1, ConfState.of(voters), new byte[0]));
    }

    Member leader() {
        return members.get(0);
    }

    Member member(int place) {
        return members.get(place);
    }

    int size() {
        return members.size();
    }

    /** A message with which the host of the first node proposes several entries at once. */
    Message proposal(List<byte[]> payloads) {
        List<Entry> entries = new ArrayList<>(payloads.size());
        for (byte[] payload : payloads) {
            entries.add(Entry.normal(0, 0, payload));
        }
        long id = leader().id;
        return new Message(MessageType.PROPOSE, id, id, 0, new Body.Propose(List.copyOf(entries)));
    }

    /**
     * Lets all members work, and delivers what they send, until nobody has anything to do. What a message comes too late for is
     * dropped, as the second answer to a candidate that has won with the first.
     */
    void pump() {
        boolean working = true;
        while (working) {
            working = false;
            for (int i = 0; i < members.size(); i++) {
                working |= members.get(i).handleReadys(queue);
            }
            while (!queue.isEmpty()) {
                working = true;
                List<Message> now = queue;
                queue = delivered;
                delivered = now;
                for (int i = 0; i < now.size(); i++) {
                    receiver(now.get(i)).node.step(now.get(i));
                }
                now.clear();
            }
        }
    }

    Member receiver(Message message) {
        for (int i = 0; i < members.size(); i++) {
            if (members.get(i).id == message.to()) {
                return members.get(i);
            }
        }
        throw new AssertionError("to nobody: " + message);
    }

    /** Checks that everybody has applied so many entries with a payload since the start. */
    void checkApplied(long entries) {
        for (int i = 0; i < members.size(); i++) {
            if (members.get(i).appliedEntries != entries) {
                throw new AssertionError("node " + members.get(i).id + " has applied " + members.get(i).appliedEntries
                        + " entries, not " + entries);
            }
        }
    }

    /** A node with its host. */
    static final class Member {
        final long id;
        final RawNode node;
        private final MemoryStorage storage;
        private long applied = 1;
        private long compacted = 1;
        private long appliedEntries;
        private long confirmedReads;

        private Member(RaftConfig config, List<Long> voters) {
            id = config.id();
            storage = storage(voters);
            node = RawNode.restart(config, storage, new Applied(1, ConfState.of(voters)));
        }

        /** Entries with a payload that were applied. */
        long appliedEntries() {
            return appliedEntries;
        }

        long confirmedReads() {
            return confirmedReads;
        }

        /**
         * Does all that the node has to do.
         *
         * @param network gets what it sends
         * @return whether there was anything
         */
        boolean handleReadys(List<Message> network) {
            boolean any = false;
            while (node.hasReady()) {
                any = true;
                Ready ready = node.ready();
                addAll(network, ready.messages());
                storage.append(ready.snapshot(), ready.hardState(), ready.entries());
                addAll(network, ready.messagesAfterPersist());
                List<Entry> committed = ready.committedEntries();
                for (int i = 0; i < committed.size(); i++) {
                    applied = committed.get(i).index();
                    if (committed.get(i).payloadBytes() > 0) {
                        appliedEntries++;
                    }
                }
                confirmedReads += ready.readStates().size();
                node.advance(ready);
                if (applied - compacted >= COMPACTED_ENTRIES) {
                    storage.compact(applied);
                    compacted = applied;
                }
            }
            return any;
        }

        /* Not List.addAll, which copies the other list first. */
        @SuppressWarnings("UseBulkOperation")
        private static void addAll(List<Message> network, List<Message> messages) {
            for (int i = 0; i < messages.size(); i++) {
                network.add(messages.get(i));
            }
        }
    }
}
