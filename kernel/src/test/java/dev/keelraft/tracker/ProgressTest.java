package dev.keelraft.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ProgressState;
import net.jqwik.api.Example;

/** What a leader knows of a peer, transition by transition. {@link ProgressWalkTest} walks at random. */
class ProgressTest {
    private static final int MESSAGES = 3;
    private static final long BYTES = 100;

    private static Progress probing(long match, long next) {
        Progress progress = new Progress(next, MESSAGES, BYTES);
        progress.acknowledge(match);
        return progress;
    }

    private static Progress replicating(long match, long next) {
        Progress progress = probing(match, match + 1);
        progress.becomeReplicate();
        if (next > match + 1) {
            progress.sentAppend((int) (next - match - 1), 1, 0);
        }
        return progress;
    }

    private static Progress installing(long match, long snapshotIndex) {
        Progress progress = probing(match, match + 1);
        progress.becomeSnapshot(snapshotIndex);
        return progress;
    }

    @Example
    void a_new_peer_is_probed_and_knows_nothing_and_has_not_answered() {
        Progress progress = new Progress(7, MESSAGES, BYTES);
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.match()).isZero();
        assertThat(progress.next()).isEqualTo(7);
        assertThat(progress.isRecentlyActive()).isFalse();
        assertThat(progress.isPaused()).isFalse();
    }

    @Example
    void its_text_names_what_is_out_of_the_ordinary() {
        assertThat(probing(3, 4)).hasToString("PROBE match=3 next=4 inactive");
        Progress installing = installing(3, 9);
        installing.setRecentlyActive(true);
        assertThat(installing).hasToString("SNAPSHOT match=3 next=10 paused pendingSnapshot=9");
        Progress window = replicating(1, 3);
        assertThat(window).hasToString("REPLICATE match=1 next=3 inactive inflight=1");
        window.sentAppend(1, BYTES, 0);
        assertThat(window).hasToString("REPLICATE match=1 next=4 paused inactive inflight=2 (full)");
        Peers peers = new Peers(new long[] {2, 5}, new Progress[] {probing(3, 4), installing});
        assertThat(peers).hasToString("[2, 5][" + probing(3, 4) + ", " + installing + "]");
        assertThat(peers.applyAsLong(5)).isEqualTo(3);
        assertThat(peers.applyAsLong(4)).as("no member").isZero();
    }

    /** L10. */
    @Example
    void a_probe_pauses_after_an_append_with_entries_and_not_after_an_empty_one() {
        Progress progress = probing(0, 5);
        progress.sentAppend(0, 0, 0);
        assertThat(progress.isPaused()).isFalse();
        progress.sentAppend(2, 10, 0);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).as("a probe does not send ahead").isEqualTo(5);
        assertThat(progress.mayCarryEntries()).isTrue();
        progress.resume();
        assertThat(progress.isPaused()).isFalse();
    }

    /** L10, L11, L12. */
    @Example
    void replication_sends_ahead_until_the_window_is_full_and_then_only_empty_appends() {
        Progress progress = replicating(4, 5);
        for (int i = 1; i <= MESSAGES; i++) {
            assertThat(progress.isPaused()).isFalse();
            assertThat(progress.mayCarryEntries()).isTrue();
            progress.sentAppend(2, 10, 0);
            assertThat(progress.next()).isEqualTo(5 + 2 * i);
        }
        assertThat(progress.isPaused()).isTrue();
        // A heartbeat's answer lets one empty append through, and that one pauses again.
        progress.resume();
        assertThat(progress.isPaused()).isFalse();
        assertThat(progress.mayCarryEntries()).isFalse();
        progress.sentAppend(0, 0, 0);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.inflights().count()).isEqualTo(MESSAGES);
    }

    /** L10. */
    @Example
    void nothing_is_sent_while_a_snapshot_is_on_its_way() {
        Progress progress = installing(3, 9);
        assertThat(progress.isPaused()).isTrue();
        progress.resume();
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).isEqualTo(10);
        assertThat(progress.pendingSnapshot()).isEqualTo(9);
    }

    /** L16, S2, S3, L17. */
    @Example
    void probing_starts_behind_what_the_peer_is_known_to_have() {
        Progress fromReplicate = replicating(4, 9);
        fromReplicate.becomeProbe();
        assertThat(fromReplicate.next()).isEqualTo(5);
        assertThat(fromReplicate.inflights().count()).isZero();

        Progress fromSnapshot = installing(4, 9);
        fromSnapshot.becomeProbe();
        assertThat(fromSnapshot.next()).as("the snapshot may have arrived").isEqualTo(10);
        assertThat(fromSnapshot.pendingSnapshot()).isZero();

        Progress failed = installing(4, 9);
        failed.snapshotFailed();
        failed.becomeProbe();
        assertThat(failed.next()).isEqualTo(5);

        Progress further = installing(4, 9);
        further.acknowledge(20);
        further.becomeProbe();
        assertThat(further.next()).isEqualTo(21);
    }

    @Example
    void a_change_of_state_empties_the_window_and_resumes() {
        Progress progress = replicating(0, 1);
        for (int i = 0; i < MESSAGES; i++) {
            progress.sentAppend(1, 40, 0);
        }
        progress.becomeProbe();
        assertThat(progress.inflights().count()).isZero();
        assertThat(progress.inflights().bytes()).isZero();
        assertThat(progress.isPaused()).isFalse();
        progress.becomeReplicate();
        assertThat(progress.next()).isEqualTo(1);
    }

    /** L18. */
    @Example
    void an_acknowledgement_is_news_only_if_it_goes_beyond_match() {
        Progress progress = probing(3, 5);
        progress.pause();
        assertThat(progress.acknowledge(2)).isFalse();
        assertThat(progress.acknowledge(3)).isFalse();
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).isEqualTo(5);
        assertThat(progress.acknowledge(4)).isTrue();
        assertThat(progress.isPaused()).isFalse();
        assertThat(progress.match()).isEqualTo(4);
        assertThat(progress.next()).isEqualTo(5);
        assertThat(progress.acknowledge(9)).isTrue();
        assertThat(progress.next()).isEqualTo(10);
    }

    /** L15: state, match, next, the rejected index, the hint; then whether it is news, and next afterwards. */
    @Example
    void a_rejection_moves_next_back_unless_it_is_stale() {
        assertRejection(replicating(5, 10), 5, 5, false, 10);
        assertRejection(replicating(5, 10), 4, 4, false, 10);
        assertRejection(replicating(5, 10), 9, 9, true, 6);
        assertRejection(replicating(5, 10), 6, 0, true, 6);
        assertRejection(probing(0, 10), 8, 8, false, 10);
        assertRejection(probing(0, 10), 10, 9, false, 10);
        assertRejection(probing(0, 10), 9, 2, true, 3);
        assertRejection(probing(0, 10), 9, 0, true, 1);
        assertRejection(probing(0, 10), 9, 50, true, 9);
        assertRejection(probing(4, 10), 9, 0, true, 5);
        assertRejection(probing(0, 1), 0, 0, true, 1);
    }

    private static void assertRejection(Progress progress, long rejected, long hint, boolean news, long next) {
        String before = progress.toString();
        progress.pause();
        assertThat(progress.reject(rejected, hint)).as(before).isEqualTo(news);
        assertThat(progress.next()).as(before).isEqualTo(next);
        assertThat(progress.next()).isGreaterThan(progress.match());
        if (progress.state() == ProgressState.PROBE) {
            assertThat(progress.isPaused()).as(before).isEqualTo(!news);
        }
    }

    /** L8: the commit index is worth an append of its own only if the peer has, or will have, what it covers. */
    @Example
    void a_commit_index_can_be_learned_if_it_is_new_and_what_was_sent_does_not_cover_it() {
        Progress progress = replicating(4, 5);
        assertThat(progress.canLearnCommit(0)).isFalse();
        assertThat(progress.canLearnCommit(1)).isTrue();
        progress.sentAppend(2, 10, 3);
        assertThat(progress.canLearnCommit(3)).isFalse();
        assertThat(progress.canLearnCommit(4)).isTrue();
        progress.sentAppend(1, 10, 7);
        assertThat(progress.canLearnCommit(8))
                .as("it has no more than index 7, all known to be committed")
                .isFalse();
        progress.sentHeartbeat(2);
        assertThat(progress.canLearnCommit(3))
                .as("what an append said may be lost, a heartbeat says less")
                .isTrue();
        progress.sentAppend(0, 0, 7);
        progress.becomeProbe();
        assertThat(progress.canLearnCommit(8))
                .as("next fell back to 5, and with it what can have arrived")
                .isFalse();
        progress.sentAppend(3, 10, 3);
        assertThat(progress.canLearnCommit(4)).isTrue();
    }

    @Example
    void a_snapshot_tells_its_own_commit_index() {
        Progress progress = installing(3, 9);
        assertThat(progress.canLearnCommit(10)).isFalse();
        progress.acknowledge(12);
        assertThat(progress.canLearnCommit(10)).isTrue();
    }
}
