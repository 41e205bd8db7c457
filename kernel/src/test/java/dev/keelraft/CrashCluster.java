package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.RaftRole;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * Three members whose hosts do every step of the loop by itself, in any order that the contract allows, and crash between any two:
 * the disk then has exactly the Readys that were persisted. It checks what may leave and what is committed against the disks.
 */
final class CrashCluster {
    static final int SIZE = 3;
    private static final ConfState MEMBERS = TestNode.confState(SIZE);

    private final List<Member> members = new ArrayList<>();
    final List<Message> network = new ArrayList<>();

    /** What anybody knows to be committed, for ever. */
    final TreeMap<Long, Entry> decided = new TreeMap<>();

    CrashCluster(LongFunction<RaftConfig> configs) {
        for (long id = 1; id <= SIZE; id++) {
            members.add(new Member(configs.apply(id)));
        }
    }

    Member member(int place) {
        return members.get(place % SIZE);
    }

    void deliver(int place, boolean keep) {
        if (!network.isEmpty()) {
            Message message = keep ? network.get(place % network.size()) : network.remove(place % network.size());
            member((int) message.to() - 1).node.step(message);
        }
    }

    void lose(int place) {
        if (!network.isEmpty()) {
            network.remove(place % network.size());
        }
    }

    /** Nothing fails any more: everybody must come to the same state machine, which has all that was ever decided. */
    void heal() {
        for (int round = 0; round < 400 && !isDone(); round++) {
            for (Member member : members) {
                member.node.tick();
            }
            for (int step = 0; step < 60; step++) {
                for (Member member : members) {
                    member.takeReady();
                    member.persist();
                    member.finish();
                }
                for (int i = network.size(); i > 0; i--) {
                    deliver(0, false);
                }
            }
        }
        assertThat(isDone()).as("everybody has applied everything: %s", members).isTrue();
    }

    private boolean isDone() {
        long last = members.get(0).disk.lastIndex();
        boolean led = members.stream()
                .anyMatch(member -> member.node.status().softState().role() == RaftRole.LEADER);
        return led
                && members.stream()
                        .allMatch(member -> member.disk.lastIndex() == last
                                && member.applied == last
                                && member.disk.hardState().commit() == last);
    }

    /** A majority of the disks has the entry, or it is not committed whatever anybody says. */
    private void decide(Entry entry) {
        Entry known = decided.putIfAbsent(entry.index(), entry);
        assertThat(known == null || known.equals(entry))
                .as("%s was decided, not %s", known, entry)
                .isTrue();
        long holders = members.stream().filter(member -> member.holds(entry)).count();
        assertThat(2 * holders).as("disks that have %s", entry).isGreaterThan(SIZE);
    }

    /** A node, its disk, and what its host has to do. */
    final class Member {
        private final RaftConfig config;
        final MemoryStorage disk = new MemoryStorage();
        RawNode node;
        private final Deque<Ready> toPersist = new ArrayDeque<>();
        private final Deque<Ready> toFinish = new ArrayDeque<>();
        private long applied;

        private Member(RaftConfig config) {
            this.config = config;
            disk.setHardState(new HardState(1, 0, 0));
            node = RawNode.restart(config, disk, new Applied(0, MEMBERS));
        }

        void takeReady() {
            if (!node.hasReady()) {
                return;
            }
            Ready ready = node.ready();
            long bytes = Entry.wireBytes(ready.entries());
            assertThat(bytes <= config.maxReadyBytes() || ready.entries().size() == 1)
                    .isTrue();
            network.addAll(ready.messages());
            toPersist.add(ready);
            if (config.asyncStorageWrites() && !ready.committedEntries().isEmpty()) {
                toFinish.add(ready);
            }
        }

        void persist() {
            if (toPersist.isEmpty()) {
                return;
            }
            Ready ready = toPersist.remove();
            disk.append(ready.snapshot(), ready.hardState(), ready.entries());
            assertThat(disk.hardState().commit())
                    .as("the stored commit index is in the stored log")
                    .isLessThanOrEqualTo(disk.lastIndex());
            for (Message message : ready.messagesAfterPersist()) {
                checkPromise(message);
                network.add(message);
            }
            if (config.asyncStorageWrites()) {
                node.persisted(ready);
            } else {
                toFinish.add(ready);
            }
            node.raft().checkInvariants();
        }

        /** What leaves is on the disk. An answer to a leader that is over promises nothing any more. */
        private void checkPromise(Message message) {
            HardState stored = disk.hardState();
            if (message.term() != stored.term()) {
                return;
            }
            if (message.body() instanceof Body.AppendResponse ack && !ack.rejected()) {
                assertThat(disk.lastIndex()).as("%s", message).isGreaterThanOrEqualTo(ack.index());
            } else if (message.type() == MessageType.VOTE) {
                if (node.status().softState().lead() != NodeId.NONE) {
                    // Somebody has won the term meanwhile, and its entries may have come before the request has left:
                    // it can win nothing any more.
                    return;
                }
                assertThat(stored.vote()).as("%s", message).isEqualTo(config.id());
                Body.Vote request = (Body.Vote) message.body();
                assertThat(request.lastIndex()).as("%s", message).isEqualTo(disk.lastIndex());
                assertThat(request.lastTerm()).as("%s", message).isEqualTo(disk.term(disk.lastIndex()));
            } else if (message.type() == MessageType.VOTE_RESPONSE
                    && !((Body.VoteResponse) message.body()).rejected()) {
                assertThat(stored.vote()).as("%s", message).isEqualTo(message.to());
            }
        }

        void finish() {
            if (toFinish.isEmpty()) {
                return;
            }
            Ready ready = toFinish.remove();
            for (Entry entry : ready.committedEntries()) {
                assertThat(entry.index()).as("applied in order, each once").isEqualTo(applied + 1);
                applied = entry.index();
                decide(entry);
            }
            if (config.asyncStorageWrites()) {
                node.applied(ready);
            } else {
                node.advance(ready);
            }
            node.raft().checkInvariants();
        }

        void crash() {
            toPersist.clear();
            toFinish.clear();
            applied = 0;
            node = RawNode.restart(config, disk, new Applied(0, MEMBERS));
        }

        private boolean holds(Entry entry) {
            return entry.index() <= disk.lastIndex()
                    && disk.entries(entry.index(), entry.index() + 1, 0).get(0).equals(entry);
        }

        @Override
        public String toString() {
            return node.raft().log() + " of " + node.status().hardState() + " applied by the host " + applied;
        }
    }
}
