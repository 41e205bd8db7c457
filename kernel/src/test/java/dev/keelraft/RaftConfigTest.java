package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The settings: their defaults, and each limit at both ends. What they do is tested where they do it. */
class RaftConfigTest {
    private static RaftConfig.Builder builder() {
        return RaftConfig.builder(1, new Random(1));
    }

    /** Kernel.md 1.11, README decisions 5, 11 and 12. */
    @Test
    void the_defaults_are_safe_and_bounded() {
        RaftConfig config = builder().build();
        assertThat(config.id()).isEqualTo(1);
        assertThat(config.electionTicks()).isEqualTo(10);
        assertThat(config.heartbeatTicks()).isEqualTo(1);
        assertThat(config.preVote()).isTrue();
        assertThat(config.priority()).isZero();
        assertThat(config.incarnation()).isZero();
        assertThat(config.checkQuorum()).isTrue();
        assertThat(config.stepDownOnRemoval()).isTrue();
        assertThat(config.forwardProposals()).isFalse();
        assertThat(config.asyncStorageWrites()).isFalse();
        assertThat(config.maxEntryBytes()).isEqualTo(8 * 1024 * 1024);
        assertThat(config.maxMessageBytes()).isEqualTo(1024 * 1024);
        assertThat(config.maxReadyBytes()).isEqualTo(32 * 1024 * 1024);
        assertThat(config.maxCommittedBytes()).isEqualTo(16 * 1024 * 1024);
        assertThat(config.maxUncommittedBytes()).isEqualTo(256 * 1024 * 1024);
        assertThat(config.maxInflightMessages()).isEqualTo(256);
        assertThat(config.maxInflightBytes()).isEqualTo(64 * 1024 * 1024);
        assertThat(config.diskStallTicks()).isEqualTo(20);
        assertThat(config.snapshotTimeoutTicks()).isEqualTo(600);
        assertThat(builder().electionTicks(30).build().diskStallTicks()).isEqualTo(60);
        assertThat(builder().electionTicks(30).build().snapshotTimeoutTicks()).isEqualTo(1800);
        assertThat(config.maxPendingReads()).isEqualTo(4096);
        assertThat(config.leaseReads()).isFalse();
        assertThat(config.leaseDriftTicks()).isEqualTo(1);
        assertThat(config.validateConfChanges()).isTrue();
        for (Deviation deviation : Deviation.values()) {
            assertThat(config.deviates(deviation)).isTrue();
        }
    }

    @Test
    void every_setting_arrives() {
        RaftConfig config = builder()
                .electionTicks(31)
                .heartbeatTicks(3)
                .preVote(false)
                .priority(11)
                .incarnation(-12)
                .checkQuorum(false)
                .stepDownOnRemoval(false)
                .forwardProposals(true)
                .asyncStorageWrites(true)
                .maxEntryBytes(4)
                .maxMessageBytes(5)
                .maxReadyBytes(6)
                .maxCommittedBytes(7)
                .maxUncommittedBytes(8)
                .maxInflightMessages(9)
                .maxInflightBytes(10)
                .diskStallTicks(12)
                .snapshotTimeoutTicks(13)
                .maxPendingReads(11)
                .leaseDriftTicks(2)
                .validateConfChanges(false)
                .deviations(EnumSet.noneOf(Deviation.class))
                .build();
        assertThat(config.electionTicks()).isEqualTo(31);
        assertThat(config.heartbeatTicks()).isEqualTo(3);
        assertThat(config.preVote()).isFalse();
        assertThat(config.priority()).isEqualTo(11);
        assertThat(config.incarnation()).isEqualTo(-12);
        assertThat(config.checkQuorum()).isFalse();
        assertThat(config.stepDownOnRemoval()).isFalse();
        assertThat(config.forwardProposals()).isTrue();
        assertThat(config.asyncStorageWrites()).isTrue();
        assertThat(config.maxEntryBytes()).isEqualTo(4);
        assertThat(config.maxMessageBytes()).isEqualTo(5);
        assertThat(config.maxReadyBytes()).isEqualTo(6);
        assertThat(config.maxCommittedBytes()).isEqualTo(7);
        assertThat(config.maxUncommittedBytes()).isEqualTo(8);
        assertThat(config.maxInflightMessages()).isEqualTo(9);
        assertThat(config.maxInflightBytes()).isEqualTo(10);
        assertThat(config.diskStallTicks()).isEqualTo(12);
        assertThat(config.snapshotTimeoutTicks()).isEqualTo(13);
        assertThat(config.maxPendingReads()).isEqualTo(11);
        assertThat(config.leaseDriftTicks()).isEqualTo(2);
        assertThat(builder().leaseReads(true).build().leaseReads()).isTrue();
        assertThat(config.validateConfChanges()).isFalse();
        assertThat(config.deviates(Deviation.VOTE_REQUEST_WAITS_FOR_DISK)).isFalse();
    }

    @Test
    void each_limit_is_taken_at_its_lower_end_and_refused_below() {
        assertEnd(1, "heartbeatTicks", (config, value) -> config.heartbeatTicks((int) value));
        assertEnd(
                4, "electionTicks", (config, value) -> config.heartbeatTicks(3).electionTicks((int) value));
        assertEnd(0, "priority", (config, value) -> config.priority((int) value));
        assertEnd(1, "maxEntryBytes", (config, value) -> config.maxEntryBytes((int) value));
        assertEnd(0, "maxMessageBytes", RaftConfig.Builder::maxMessageBytes);
        assertEnd(0, "diskStallTicks", (config, value) -> config.diskStallTicks((int) value));
        assertEnd(0, "snapshotTimeoutTicks", (config, value) -> config.snapshotTimeoutTicks((int) value));
        assertEnd(1, "maxPendingReads", (config, value) -> config.maxPendingReads((int) value));
        assertEnd(0, "leaseDriftTicks", (config, value) -> config.leaseDriftTicks((int) value));
        assertEnd(1, "maxReadyBytes", RaftConfig.Builder::maxReadyBytes);
        assertEnd(1, "maxCommittedBytes", RaftConfig.Builder::maxCommittedBytes);
        assertEnd(1, "maxUncommittedBytes", RaftConfig.Builder::maxUncommittedBytes);
        assertEnd(1, "maxInflightMessages", (config, value) -> config.maxInflightMessages((int) value));
        assertEnd(
                1000,
                "maxInflightBytes",
                (config, value) -> config.maxMessageBytes(1000).maxInflightBytes(value));
        assertEnd(
                1,
                "maxInflightBytes",
                (config, value) -> config.maxMessageBytes(0).maxInflightBytes(value));
    }

    @Test
    void leases_need_members_that_protect_their_leader_and_a_length() {
        assertThatThrownBy(() -> builder().leaseReads(true).checkQuorum(false).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("checkQuorum");
        builder().electionTicks(5).leaseDriftTicks(3).leaseReads(true).build();
        assertThatThrownBy(() -> builder()
                        .electionTicks(5)
                        .leaseDriftTicks(4)
                        .leaseReads(true)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most electionTicks - 2, 3");
        builder().electionTicks(5).leaseDriftTicks(4).build();
    }

    private interface Setting {
        RaftConfig.Builder set(RaftConfig.Builder builder, long value);
    }

    private static void assertEnd(long least, String name, Setting setting) {
        setting.set(builder(), least).build();
        for (long value : new long[] {least - 1, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> setting.set(builder(), value).build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(name + " must be at least " + least + ", not " + value);
        }
    }

    @Test
    void each_limit_is_taken_at_its_upper_end_and_a_node_elects_itself_with_all_of_them() {
        UnaryOperator<RaftConfig.Builder> largest = config -> config.electionTicks(Integer.MAX_VALUE)
                .heartbeatTicks(Integer.MAX_VALUE - 1)
                .maxEntryBytes(Integer.MAX_VALUE)
                .maxMessageBytes(RaftConfig.NO_LIMIT)
                .maxReadyBytes(RaftConfig.NO_LIMIT)
                .maxCommittedBytes(RaftConfig.NO_LIMIT)
                .maxUncommittedBytes(RaftConfig.NO_LIMIT)
                .maxInflightMessages(Integer.MAX_VALUE)
                .maxInflightBytes(RaftConfig.NO_LIMIT);
        UnaryOperator<RaftConfig.Builder> smallest = config -> config.electionTicks(2)
                .heartbeatTicks(1)
                .maxEntryBytes(1)
                .maxMessageBytes(0)
                .maxReadyBytes(1)
                .maxCommittedBytes(1)
                .maxUncommittedBytes(1)
                .maxInflightMessages(1)
                .maxInflightBytes(1);
        for (UnaryOperator<RaftConfig.Builder> extreme : List.of(largest, smallest)) {
            TestCluster cluster = new TestCluster(3, extreme);
            cluster.elect(1);
            for (String text : List.of("a", "b", "c")) {
                cluster.propose(1, text);
            }
            cluster.tick(3);
            assertThat(cluster.leaders()).containsExactly(1L);
            assertThat(cluster.nodes)
                    .allSatisfy(node -> assertThat(node.appliedTexts()).containsExactly("a", "b", "c"));
        }
    }

    @Test
    void what_is_no_node_id_is_refused() {
        for (long id : new long[] {0, -1, -2}) {
            assertThatThrownBy(() -> RaftConfig.builder(id, new Random(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not a node id");
        }
        assertThat(RaftConfig.builder(-3, new Random(1)).build().id()).isEqualTo(-3);
    }

    @Test
    void a_built_configuration_does_not_change_with_its_builder() {
        RaftConfig.Builder builder = builder();
        RaftConfig config = builder.build();
        builder.electionTicks(99).deviations(Set.of());
        assertThat(config.electionTicks()).isEqualTo(10);
        assertThat(config.deviates(Deviation.SNAPSHOT_DEMANDS_SYNC)).isTrue();
    }
}
