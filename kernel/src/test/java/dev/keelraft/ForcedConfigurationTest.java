package dev.keelraft;

import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.RaftRole;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The last resort: a member goes on without those that are lost for good. */
class ForcedConfigurationTest {
    private static final ConfState THREE = TestNode.confState(3);

    private static MemoryStorage disk(long commit, List<Entry> log) {
        MemoryStorage disk = new MemoryStorage();
        disk.setHardState(new HardState(7, 3, commit));
        disk.append(log);
        return disk;
    }

    private static TestNode revive(MemoryStorage disk, ConfState members, List<Long> lost) {
        ForcedConfiguration forced = RawNode.forceConfiguration(1, disk, new Applied(0, members), lost);
        disk.append(forced.entries());
        disk.setHardState(forced.hardState());
        TestNode node = TestNode.restarted(TestNode.plain(1).build(), disk, members);
        node.run();
        assertThat(node.members()).isEqualTo(forced.confState());
        return node;
    }

    @Test
    void the_last_member_leads_alone_with_all_that_it_has() {
        TestNode node = revive(disk(1, entries(1, 1, 5, 7)), THREE, List.of(2L, 3L));
        assertThat(node.members()).isEqualTo(ConfState.of(List.of(1L)));
        node.win();
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        assertThat(node.propose("x").isAccepted()).isTrue();
        assertThat(node.applied).extracting(Entry::index).contains(1L, 2L, 3L);
        assertThat(node.appliedTexts()).endsWith("x");
    }

    @Test
    void what_is_forced_stands_in_a_term_that_nobody_has_held() {
        ForcedConfiguration forced =
                RawNode.forceConfiguration(1, disk(1, entries(1, 1, 5)), new Applied(0, THREE), List.of(3L, 2L));
        long term = 7 + ForcedConfiguration.TERMS_SKIPPED;
        assertThat(forced.hardState()).isEqualTo(new HardState(term, 0, 4));
        assertThat(forced.entries()).extracting(Entry::term).containsOnly(term);
        assertThat(forced.entries()).extracting(Entry::index).containsExactly(3L, 4L);
        assertThat(forced.entries())
                .extracting(entry ->
                        ConfChange.decode(entry).orElseThrow().changes().get(0))
                .containsExactly(new Change(ChangeType.REMOVE, 2), new Change(ChangeType.REMOVE, 3));
    }

    @Test
    void members_that_are_left_follow() {
        List<Entry> log = entries(1, 1, 5);
        TestNode node = revive(disk(1, log), TestNode.confState(5), List.of(3L, 4L, 5L));
        TestNode other = TestNode.restarted(TestNode.plain(2).build(), disk(1, entries(1, 1)), TestNode.confState(5));
        TestCluster cluster = new TestCluster(List.of(node, other));
        cluster.elect(1);
        cluster.propose(1, "x");
        assertThat(other.members()).isEqualTo(ConfState.of(List.of(1L, 2L)));
        assertThat(other.appliedTexts()).endsWith("x");
    }

    @Test
    void a_joint_configuration_is_left_first() {
        ConfState joint = new ConfState(List.of(2L, 3L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(), true);
        TestNode node = revive(disk(1, entries(1, 1)), joint, List.of(2L, 3L, 4L));
        assertThat(node.members()).isEqualTo(ConfState.of(List.of(1L)));
    }

    @Test
    void a_learner_becomes_a_voter() {
        ConfState members = ConfState.of(List.of(2L, 3L), List.of(1L, 4L));
        TestNode node = revive(disk(1, entries(1, 1)), members, List.of(2L, 3L));
        assertThat(node.members()).isEqualTo(ConfState.of(List.of(1L), List.of(4L)));
    }

    /** It was appended here, and may have been committed by those that are lost. */
    @Test
    void changes_in_the_log_count_as_made() {
        ConfChange add = ConfChange.of(new Change(ChangeType.ADD_VOTER, 4));
        Entry entry = new Entry(5, 2, add.entryType(), add.encode());
        MemoryStorage disk = disk(1, List.of(Entry.empty(1, 1), entry));
        assertThatThrownBy(() -> RawNode.forceConfiguration(1, disk, new Applied(0, THREE), List.of(2L)))
                .as("1, 3 and 4 are a quorum of four")
                .isInstanceOf(IllegalStateException.class);
        assertThat(revive(disk, THREE, List.of(2L, 3L, 4L)).members()).isEqualTo(ConfState.of(List.of(1L)));
    }

    @Test
    void it_is_refused_while_there_is_a_quorum() {
        MemoryStorage disk = disk(1, entries(1, 1));
        for (List<Long> lost : List.of(List.<Long>of(), List.of(2L))) {
            assertThatThrownBy(() -> RawNode.forceConfiguration(1, disk, new Applied(0, THREE), lost))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("there is still a quorum");
        }
        // A quorum of one half alone decides nothing.
        ConfState joint = new ConfState(List.of(1L, 4L, 5L), List.of(1L, 2L, 3L), List.of(), List.of(), true);
        RawNode.forceConfiguration(1, disk, new Applied(0, joint), List.of(4L, 5L));
    }

    @Test
    void it_is_refused_for_who_is_no_member_or_called_lost() {
        MemoryStorage disk = disk(1, entries(1, 1));
        Applied applied = new Applied(0, THREE);
        assertThatThrownBy(() -> RawNode.forceConfiguration(9, disk, applied, List.of(2L, 3L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("node 9 must be a member");
        assertThatThrownBy(() -> RawNode.forceConfiguration(1, disk, applied, List.of(1L, 3L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("node 1 must be a member that is not lost");
        assertThatThrownBy(() -> RawNode.forceConfiguration(1, disk, applied, List.of(2L, 3L, 4L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("node 4 is called lost");
        assertThatThrownBy(() -> RawNode.forceConfiguration(1, new MemoryStorage(), applied, List.of(2L, 3L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("storage is empty");
        assertThatThrownBy(() -> RawNode.forceConfiguration(1, disk, new Applied(5, THREE), List.of(2L, 3L)))
                .isInstanceOf(RaftFailedException.class)
                .hasMessageStartingWith("LOG_LOSS");
    }
}
