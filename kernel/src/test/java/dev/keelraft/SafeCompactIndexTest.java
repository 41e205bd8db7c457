package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.ProgressState;
import org.junit.jupiter.api.Test;

/** What may be compacted without making anybody who is alive need a snapshot (etcd issue 8059, tikv issue 424). */
class SafeCompactIndexTest {
    /** Leads three, has committed and applied 5 entries; node 2 has 5, node 3 has 3. */
    private static TestNode leader() {
        TestNode leader = TestNode.of(1, 3).win();
        for (String text : new String[] {"a", "b", "c", "d"}) {
            leader.propose(text);
        }
        leader.acknowledge(5, 2);
        leader.acknowledge(3, 3);
        assertThat(leader.raw.status().applied()).isEqualTo(5);
        return leader;
    }

    @Test
    void a_leader_keeps_what_a_live_member_lacks() {
        TestNode leader = leader();
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(3);
        leader.acknowledge(5, 3);
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(5);
    }

    @Test
    void and_not_what_a_silent_one_lacks() {
        TestNode leader = leader();
        for (int i = 0; i < leader.config.electionTicks(); i++) {
            leader.tick(1);
            leader.answerHeartbeat(2);
        }
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(3);
        leader.tick(1);
        leader.answerHeartbeat(2);
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(5);
        leader.answerHeartbeat(3);
        assertThat(leader.raw.safeCompactIndex()).as("it is back").isEqualTo(3);
    }

    @Test
    void it_keeps_what_follows_a_snapshot_that_is_on_its_way_however_silent_its_receiver_is() {
        TestNode leader = leader();
        leader.compact(4);
        leader.reject(3, 3, 0, 0);
        leader.answerHeartbeat(3);
        leader.reject(3, leader.peer(3).next() - 1, 0, 0);
        assertThat(leader.peer(3).state()).isEqualTo(ProgressState.SNAPSHOT);
        leader.propose("e");
        leader.acknowledge(6, 2);
        assertThat(leader.raw.status().applied()).isEqualTo(6);
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(4);
        for (int i = 0; i < 2 * leader.config.electionTicks(); i++) {
            leader.tick(1);
            leader.answerHeartbeat(2);
        }
        assertThat(leader.raw.safeCompactIndex()).isEqualTo(4);
    }

    @Test
    void a_new_member_has_time_to_say_what_it_has() {
        TestNode leader = leader();
        leader.acknowledge(5, 3);
        leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 4)));
        leader.acknowledge(6, 2, 3);
        assertThat(leader.raw.safeCompactIndex()).as("nothing").isZero();
    }

    @Test
    void nothing_that_is_not_applied_and_nothing_that_is_gone() {
        TestNode follower = TestNode.of(2, 3);
        follower.step(MessageType.APPEND, 1, 2, new Body.Append(0, 0, 2, TestNode.entries(1, 2, 2, 2)));
        assertThat(follower.raw.safeCompactIndex()).isEqualTo(2);
        TestNode fresh = TestNode.of(1, 3).win();
        fresh.acknowledge(1, 2);
        fresh.compact(1);
        assertThat(fresh.raw.safeCompactIndex())
                .as("node 3 has said nothing yet, and index 1 is gone")
                .isEqualTo(1);
    }
}
