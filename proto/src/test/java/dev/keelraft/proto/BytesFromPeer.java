package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.Applied;
import dev.keelraft.FailureCause;
import dev.keelraft.MemoryStorage;
import dev.keelraft.RaftConfig;
import dev.keelraft.RaftFailedException;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * What any bytes of a peer may do to a node: be refused as malformed, or be a message that can be encoded again and that a
 * follower and a leader survive.
 */
final class BytesFromPeer {
    /** Limits are near, so that they are met. */
    private static final DecodeLimits LIMITS = new DecodeLimits(1 << 12, 8, 4);

    private static final long ID = 1;

    private BytesFromPeer() {}

    /** Takes bytes, and throws if they do what they must not. Returns what they are, unless they were refused. */
    static Optional<Message> take(byte[] bytes) {
        Message message;
        try {
            message = MessageCodec.decode(bytes, LIMITS);
        } catch (MalformedMessageException e) {
            assertThat(e.reason()).isNotNull();
            return Optional.empty();
        }
        assertThat(decodeOwn(MessageCodec.encode(message))).isEqualTo(message);
        // As it is, and as if it were for this node and of another member: most other addresses are not even looked at.
        for (long from : new long[] {message.from(), 2}) {
            Message addressed = new Message(message.type(), from, ID, message.term(), message.body());
            stepInto(follower(), addressed);
            stepInto(leader(), addressed);
        }
        stepInto(follower(), message);
        return Optional.of(message);
    }

    private static Message decodeOwn(byte[] own) {
        try {
            return MessageCodec.decode(own, DecodeLimits.DEFAULT);
        } catch (MalformedMessageException e) {
            throw new AssertionError("what was encoded cannot be decoded", e);
        }
    }

    private static void stepInto(Host host, Message message) {
        long lastIndex = host.node.status().lastIndex();
        try {
            host.node.step(message);
            host.run();
            for (int i = 0; i < 25; i++) {
                host.node.tick();
            }
            host.run();
        } catch (RaftFailedException e) {
            // The one proof that a message can bear: what this node had acknowledged is gone.
            assertThat(e.failure()).isEqualTo(FailureCause.LOG_LOSS);
            assertThat(message.type()).isEqualTo(MessageType.HEARTBEAT);
            assertThat((Body.Heartbeat) message.body())
                    .matches(heartbeat -> heartbeat.commit() > lastIndex
                            || (heartbeat.commitTerm() != 0
                                    && heartbeat.commitTerm() != host.disk.term(heartbeat.commit())));
        }
    }

    /** Of term 7 with a log from 41 to 45, as most of the recorded messages suppose. */
    private static Host follower() {
        ConfState members = ConfState.of(List.of(1L, 2L, 3L));
        MemoryStorage disk = new MemoryStorage(new Snapshot(40, 4, members, new byte[0]));
        disk.setHardState(new HardState(7, 0, 41));
        List<Entry> log = new ArrayList<>();
        for (long index = 41; index <= 45; index++) {
            log.add(Entry.normal(5, index, new byte[] {(byte) index}));
        }
        disk.append(log);
        RaftConfig config = RaftConfig.builder(ID, new Random(1))
                .preVote(false)
                .forwardProposals(true)
                .build();
        return new Host(RawNode.restart(config, disk, new Applied(40, members)), disk);
    }

    private static Host leader() {
        Host host = follower();
        host.run();
        host.node.campaign();
        host.run();
        long term = host.node.status().hardState().term();
        host.node.step(new Message(MessageType.VOTE_RESPONSE, 2, ID, term, new Body.VoteResponse(false)));
        host.run();
        assertThat(host.node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        return host;
    }

    /** A node whose host does at once what each Ready says. */
    private record Host(RawNode node, MemoryStorage disk) {
        void run() {
            while (node.hasReady()) {
                Ready ready = node.ready();
                disk.append(ready.snapshot(), ready.hardState(), ready.entries());
                for (Entry entry : ready.committedEntries()) {
                    if (entry.type().isConfChange()) {
                        node.applyConfChange(entry);
                    }
                }
                node.advance(ready);
            }
        }
    }
}
