package dev.keelraft;

import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Nodes 1 to n and the network between them: messages arrive in the order in which they were sent, unless it is told not to. */
final class TestCluster {
    final List<TestNode> nodes = new ArrayList<>();
    private final Deque<Message> flight = new ArrayDeque<>();
    private Predicate<Message> lost = message -> false;
    private final Set<Long> down = new HashSet<>();

    TestCluster(int size) {
        this(size, UnaryOperator.identity());
    }

    TestCluster(int size, UnaryOperator<RaftConfig.Builder> settings) {
        for (long id = 1; id <= size; id++) {
            nodes.add(TestNode.of(id, size, settings));
        }
    }

    TestCluster(List<TestNode> nodes) {
        this.nodes.addAll(nodes);
    }

    TestNode node(long id) {
        return nodes.get((int) id - 1);
    }

    /** From here on, messages that a test names are lost. */
    void lose(Predicate<Message> which) {
        lost = which;
    }

    void loseNothing() {
        lost = message -> false;
    }

    void lose(MessageType type) {
        lose(message -> message.type() == type);
    }

    /** From here on, nothing gets to or from a node. */
    void isolate(long id) {
        down.add(id);
    }

    void reconnect(long id) {
        down.remove(id);
    }

    /** Delivers messages until none is left. */
    void settle() {
        collect();
        while (!flight.isEmpty()) {
            Message message = flight.remove();
            boolean cut = down.contains(message.from()) || down.contains(message.to());
            if (!cut && !lost.test(message)) {
                node(message.to()).raw.step(message);
            }
            collect();
        }
    }

    private void collect() {
        for (TestNode node : nodes) {
            flight.addAll(node.sent());
        }
    }

    /** Lets a node campaign, and everything that follows happen. */
    TestNode elect(long id) {
        node(id).raw.campaign();
        settle();
        return node(id);
    }

    void propose(long id, String text) {
        node(id).raw.propose(TestNode.bytes(text));
        settle();
    }

    void tick(int count) {
        for (int i = 0; i < count; i++) {
            for (TestNode node : nodes) {
                node.raw.tick();
            }
            settle();
        }
    }

    List<Long> leaders() {
        return nodes.stream()
                .filter(node -> node.role() == RaftRole.LEADER && !down.contains(node.id))
                .map(node -> node.id)
                .toList();
    }

    /** Brings a node back from its disk, without what it had in memory. */
    void restart(long id) {
        TestNode old = node(id);
        nodes.set(
                (int) id - 1,
                TestNode.restarted(old.config, old.storage, old.raw.status().confState()));
    }
}
