package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The same calls give the same results: no clock, no identity, no order of a hash table shows. That nothing depends on the JVM is for
 * {@link ArchitectureTest} to say.
 */
class DeterminismTest {
    /** Some with the top bit set, as etcd's own members have it. */
    private static final List<Long> IDS =
            List.of(0x8e9e05c52164694dL, 3L, -3L, 7L, Long.MIN_VALUE, 0x91bc3c398fb3c146L, 12L);

    private static final List<ChangeType> CHANGES = List.of(ChangeType.values());

    /** Everything that seven nodes say and are, over many steps of a seeded walk: one line for each thing. */
    private static final class Walk {
        private final Random random;

        /** In the order of {@link #IDS}. */
        private final List<RawNode> nodes = new ArrayList<>();

        private final List<MemoryStorage> disks = new ArrayList<>();
        private final List<Message> flight = new ArrayList<>();
        final StringBuilder transcript = new StringBuilder();

        Walk(long seed) {
            random = new Random(seed);
            List<Long> voters = IDS.subList(0, 4);
            for (long id : IDS) {
                RaftConfig config = RaftConfig.builder(id, new Random(seed ^ id))
                        .electionTicks(4)
                        .asyncStorageWrites(id % 2 == 0)
                        .maxReadyBytes(200)
                        .build();
                MemoryStorage disk = new MemoryStorage();
                disks.add(disk);
                nodes.add(voters.contains(id) ? RawNode.bootstrap(config, disk, voters) : RawNode.join(config, disk));
            }
        }

        void run(int steps) {
            for (int i = 0; i < steps; i++) {
                long id = IDS.get(random.nextInt(IDS.size()));
                RawNode node = node(id);
                switch (random.nextInt(20)) {
                    case 0, 1, 2 -> node.tick();
                    case 3 -> note(node.propose(new byte[random.nextInt(100)]));
                    case 4 -> note(node.proposeConfChange(change()));
                    case 5 -> note(node.readIndex(new byte[] {(byte) i}));
                    case 6 -> note(node.transferLeadership(IDS.get(random.nextInt(IDS.size()))));
                    case 7 -> node.reportUnreachable(IDS.get(random.nextInt(IDS.size())));
                    case 8 -> compact(id);
                    case 9, 10, 11, 12 -> {
                        if (!flight.isEmpty()) {
                            Message message = flight.remove(random.nextInt(Math.min(8, flight.size())));
                            note(message + " " + node(message.to()).step(message));
                        }
                    }
                    default -> handle(id);
                }
                if (i % 50 == 0) {
                    nodes.forEach(each -> note(each.status()));
                }
            }
        }

        private RawNode node(long id) {
            return nodes.get(IDS.indexOf(id));
        }

        private MemoryStorage disk(long id) {
            return disks.get(IDS.indexOf(id));
        }

        private void note(Object line) {
            transcript.append(line).append('\n');
        }

        private ConfChange change() {
            Change one = new Change(CHANGES.get(random.nextInt(CHANGES.size())), IDS.get(random.nextInt(IDS.size())));
            Change two = new Change(ChangeType.ADD_VOTER, IDS.get(random.nextInt(IDS.size())));
            return random.nextBoolean()
                    ? ConfChange.of(one)
                    : ConfChange.of(Transition.JOINT_IMPLICIT, List.of(one, two), new byte[0]);
        }

        private void compact(long id) {
            MemoryStorage disk = disk(id);
            Status status = node(id).status();
            if (status.applied() > disk.firstIndex() && status.applied() <= disk.lastIndex()) {
                long index = status.applied();
                disk.saveSnapshot(new Snapshot(index, disk.term(index), status.confState(), new byte[] {(byte) index}));
                disk.compact(index - 1);
            }
        }

        private void handle(long id) {
            RawNode node = node(id);
            if (!node.hasReady()) {
                return;
            }
            Ready ready = node.ready();
            note(id + " " + ready.softState() + ready.hardState() + ready.snapshot() + ready.entries()
                    + ready.committedEntries() + ready.messages() + ready.messagesAfterPersist() + ready.readStates()
                    + ready.mustSync());
            disk(id).append(ready.snapshot(), ready.hardState(), ready.entries());
            ready.committedEntries().stream()
                    .filter(entry -> entry.type().isConfChange())
                    .forEach(entry -> note(node.applyConfChange(entry)));
            flight.addAll(ready.messages());
            flight.addAll(ready.messagesAfterPersist());
            if (id % 2 == 0) {
                node.persisted(ready);
                if (!ready.committedEntries().isEmpty()) {
                    node.applied(ready);
                }
            } else {
                node.advance(ready);
            }
        }
    }

    private static String transcript(long seed) {
        Walk walk = new Walk(seed);
        walk.run(6_000);
        return walk.transcript.toString();
    }

    @Test
    void the_same_calls_give_the_same_transcript() {
        for (long seed = 1; seed <= 5; seed++) {
            assertThat(transcript(seed)).as("seed %d", seed).isEqualTo(transcript(seed));
        }
        assertThat(transcript(1)).isNotEqualTo(transcript(2));
    }

    /** The walk must do something, or the tests here would say little. */
    @Test
    void the_transcript_is_of_groups_that_elect_commit_change_and_read() {
        String all = transcript(1) + transcript(2) + transcript(3);
        assertThat(all)
                .contains(
                        "role=LEADER",
                        "ReadState[",
                        "INSTALL_SNAPSHOT",
                        "autoLeave=true",
                        "TIMEOUT_NOW",
                        "CONF_CHANGE_V2");
    }

    /** Members are visited in ascending unsigned order, whatever the order in which they were named. */
    @Test
    void messages_to_all_leave_in_ascending_unsigned_order() {
        List<Long> ascending = new ArrayList<>(IDS);
        ascending.sort(Long::compareUnsigned);
        long own = ascending.get(3);
        List<Long> others = new ArrayList<>(ascending);
        others.remove(own);
        List<Long> learners = new ArrayList<>(IDS.subList(5, 7));
        learners.remove(own);
        List<Long> voters = new ArrayList<>(IDS);
        voters.removeAll(learners);
        TestNode node = TestNode.in(ConfState.of(voters, learners), own, config -> config);
        node.win();
        assertThat(node.sent(MessageType.APPEND)).extracting(Message::to).isEqualTo(others);
        node.tick(1);
        assertThat(node.sent(MessageType.HEARTBEAT)).extracting(Message::to).isEqualTo(others);
        for (long voter : voters) {
            if (voter != own) {
                node.answer(MessageType.APPEND_RESPONSE, voter, Body.AppendResponse.accepted(1));
            }
        }
        node.sent();
        node.propose("x");
        assertThat(node.sent(MessageType.APPEND))
                .extracting(Message::to)
                .isEqualTo(others.stream().filter(id -> !learners.contains(id)).toList());
        assertThat(node.raw.status().peers()).extracting(Status.Peer::id).isEqualTo(ascending);
    }
}
