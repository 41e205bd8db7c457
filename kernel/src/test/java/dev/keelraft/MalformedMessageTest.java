package dev.keelraft;

import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages that no member sends: a codec refuses them, and a host with a codec of its own may not. */
class MalformedMessageTest {
    @Test
    void an_append_with_a_gap_before_its_entries_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        Body.Append gap = new Body.Append(0, 0, 0, entries(2, 1));
        assertThat(node.step(MessageType.APPEND, 2, 1, gap)).isEqualTo(StepResult.MALFORMED);
        assertThat(node.sent()).isEmpty();
        assertThat(node.logTerms()).isEmpty();
    }

    @Test
    void an_append_with_a_gap_between_its_entries_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        List<Entry> entries = new ArrayList<>(entries(1, 1));
        entries.addAll(entries(3, 1));
        Body.Append gap = new Body.Append(0, 0, 0, entries);
        assertThat(node.step(MessageType.APPEND, 2, 1, gap)).isEqualTo(StepResult.MALFORMED);
        assertThat(node.logTerms()).isEmpty();
        assertThat(node.raw.status().dropped()).containsEntry(StepResult.MALFORMED, 1L);
    }

    @Test
    void a_proposal_without_entries_is_dropped_and_not_forwarded() {
        TestNode follower = TestNode.of(1, 3, config -> config.forwardProposals(true));
        follower.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(0, new byte[0]));
        follower.sent();
        Body.Propose nothing = new Body.Propose(List.of());
        assertThat(follower.step(MessageType.PROPOSE, 3, 0, nothing)).isEqualTo(StepResult.MALFORMED);
        assertThat(follower.sent()).isEmpty();
        TestNode leader = TestNode.of(1, 3).win();
        assertThat(leader.step(MessageType.PROPOSE, 3, 0, nothing)).isEqualTo(StepResult.MALFORMED);
        assertThat(leader.storage.lastIndex()).isEqualTo(1);
    }
}
