package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/** One call of every method that a node has, for tests of what holds of all of them. */
final class RawNodeCalls {
    private static final Ready READY = someReady();
    private static final Entry CHANGE = new Entry(1, 1, EntryType.CONF_CHANGE_V2, new byte[0]);

    /** By the name of the method. */
    static final Map<String, Consumer<RawNode>> ALL = new TreeMap<>(Map.ofEntries(
            Map.entry("tick", RawNode::tick),
            Map.entry("step", node -> node.step(new Message(MessageType.TIMEOUT_NOW, 2, 1, 1, new Body.TimeoutNow()))),
            Map.entry("propose", node -> node.propose(new byte[1])),
            Map.entry("proposeConfChange", node -> node.proposeConfChange(ConfChange.leave())),
            Map.entry("readIndex", node -> node.readIndex(new byte[1])),
            Map.entry("transferLeadership", node -> node.transferLeadership(2)),
            Map.entry("campaign", RawNode::campaign),
            Map.entry("forgetLeader", RawNode::forgetLeader),
            Map.entry("reportUnreachable", node -> node.reportUnreachable(2)),
            Map.entry("reportSnapshot", node -> node.reportSnapshot(2, true)),
            Map.entry("entriesFetched", RawNode::entriesFetched),
            Map.entry("safeCompactIndex", RawNode::safeCompactIndex),
            Map.entry("hasReady", RawNode::hasReady),
            Map.entry("ready", RawNode::ready),
            Map.entry("advance", node -> node.advance(READY)),
            Map.entry("persisted", node -> node.persisted(READY)),
            Map.entry("applied", node -> node.applied(READY)),
            Map.entry("applyConfChange", node -> node.applyConfChange(CHANGE)),
            Map.entry("rejectConfChange", node -> node.rejectConfChange(CHANGE)),
            Map.entry("status", RawNode::status)));

    private RawNodeCalls() {}

    private static Ready someReady() {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(1, 0, 0));
        RaftConfig config = RaftConfig.builder(1, new Random(1)).build();
        return RawNode.restart(config, storage, new Applied(0, ConfState.of(List.of(1L))))
                .ready();
    }

    /** Fails if the node has a public method that is not in {@link #ALL}. */
    static void assertComplete() {
        TreeSet<String> methods = new TreeSet<>();
        for (Method method : RawNode.class.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers())) {
                methods.add(method.getName());
            }
        }
        assertThat(ALL.keySet()).isEqualTo(methods);
    }
}
