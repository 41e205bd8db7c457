package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/**
 * Everything that happens to a log, in any order, against {@link NaiveLog}: appends of leaders, overwriting ones among them, storing
 * in pages and late acknowledgements, commits, applying in pages, snapshots, compaction.
 */
class RaftLogWalkTest {
    private enum Kind {
        LEADER_APPENDS,
        FOLLOWER_APPENDS,
        HAND_OUT,
        STORE,
        PERSISTED,
        WRONG_ACKNOWLEDGEMENT,
        COMMIT,
        PEER_KNOWS_COMMIT,
        HAND_OUT_COMMITTED,
        APPLIED,
        RESTORE,
        COMPACT,
        TERM_PASSES
    }

    /** One event; the numbers mean what the kind makes of them. */
    private record Event(Kind kind, int a, int b) {}

    /** What the host was given to store, in which term, and which entry is the last that is durable then (0: none). */
    private record Out(long term, Snapshot snapshot, List<Entry> entries, long end, long endTerm) {}

    @Provide
    Arbitrary<List<Event>> events() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.of(Kind.LEADER_APPENDS, Kind.FOLLOWER_APPENDS, Kind.HAND_OUT, Kind.PERSISTED)),
                Tuple.of(3, Arbitraries.of(Kind.COMMIT, Kind.HAND_OUT_COMMITTED, Kind.APPLIED, Kind.STORE)),
                Tuple.of(
                        1,
                        Arbitraries.of(
                                Kind.COMPACT,
                                Kind.RESTORE,
                                Kind.WRONG_ACKNOWLEDGEMENT,
                                Kind.TERM_PASSES,
                                Kind.PEER_KNOWS_COMMIT)));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, 15),
                        Arbitraries.integers().between(0, 60))
                .as(Event::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 1_500, edgeCases = EdgeCasesMode.NONE)
    void the_log_is_a_list_with_marks(
            @ForAll("events") List<Event> events, @ForAll @IntRange(min = 1, max = 80) int maxApplyingBytes) {
        Walk walk = new Walk(maxApplyingBytes);
        for (Event event : events) {
            walk.happen(event);
            walk.log.checkInvariants();
            walk.assertSame(event.a(), event.b());
        }
    }

    /** A log, its twin, its disk, and what is between them. */
    private static final class Walk {
        final MemoryStorage disk = new MemoryStorage();
        final RaftLog log;
        final NaiveLog twin;
        long term = 1;
        final Deque<Out> toStore = new ArrayDeque<>();
        final Deque<Out> toAcknowledge = new ArrayDeque<>();

        Walk(long maxApplyingBytes) {
            log = new RaftLog(new CheckedStorage(disk), maxApplyingBytes);
            twin = new NaiveLog(maxApplyingBytes);
        }

        void happen(Event event) {
            switch (event.kind()) {
                case TERM_PASSES -> term++;
                case LEADER_APPENDS -> {
                    List<Entry> added = fresh(twin.last() + 1, 1 + event.a() % 4);
                    log.append(added);
                    twin.append(added);
                }
                case FOLLOWER_APPENDS -> followerAppends(event);
                case HAND_OUT -> handOut(event.b());
                case STORE -> store();
                case PERSISTED -> persisted();
                case WRONG_ACKNOWLEDGEMENT -> {
                    long index = log.unstable().offset() + event.a() - 2;
                    log.unstable().stableTo(index, term + 1);
                }
                case COMMIT -> {
                    long index = twin.committed + event.a() % (twin.last() - twin.committed + 1);
                    log.commitTo(index);
                    log.commitTo(index - 1);
                    twin.committed = index;
                }
                case PEER_KNOWS_COMMIT -> {
                    // Its log may be shorter, the same, longer, or another one.
                    long index = Math.max(0, twin.committed - 3 + event.a());
                    long indexTerm = event.b() % 4 == 0 ? term + 7 : Math.max(0, twin.term(index));
                    boolean news = index > twin.committed && indexTerm == twin.term(index);
                    assertThat(log.commitIfMatching(index, indexTerm)).isEqualTo(news);
                    twin.committed = news ? index : twin.committed;
                }
                case HAND_OUT_COMMITTED -> handOutCommitted(event.a() % 2 == 0 ? twin.handedOut : twin.durable);
                case APPLIED -> {
                    if (twin.hasEntriesToApply()) {
                        List<Entry> page = twin.applyPage();
                        log.appliedTo(twin.applied, Entry.wireBytes(page));
                    }
                }
                case RESTORE -> {
                    term++;
                    long index = twin.committed + 1 + event.a();
                    Snapshot snapshot = new Snapshot(index, term, ConfState.EMPTY, new byte[0]);
                    log.restore(snapshot);
                    twin.restore(snapshot);
                }
                case COMPACT -> {
                    // Only what is applied, and stored as far as the kernel knows; a snapshot on its way replaces it
                    // anyway.
                    long index = Math.min(twin.applied, twin.durable) - event.a() % 4;
                    if (twin.pending.isNone() && toStore.isEmpty() && index >= twin.first()) {
                        disk.compact(index);
                        twin.compact(index);
                    }
                }
            }
        }

        private List<Entry> fresh(long from, int count) {
            List<Entry> added = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                added.add(NaiveLog.entry(term, from + i));
            }
            return added;
        }

        /** What a leader sends: some entries that are there already, then perhaps others, of a new term. */
        private void followerAppends(Event event) {
            long prevIndex = twin.committed + event.a() % (twin.last() - twin.committed + 2);
            boolean rightPlace = event.b() % 5 > 0;
            long prevTerm = rightPlace ? Math.max(0, twin.term(prevIndex)) : term + 7;
            List<Entry> sent = new ArrayList<>();
            for (long index = prevIndex + 1; index <= twin.last() && sent.size() < event.b() % 4; index++) {
                sent.add(twin.get(index));
            }
            if (event.b() % 3 > 0) {
                term++;
                sent.addAll(fresh(prevIndex + 1 + sent.size(), event.b() % 3));
            }
            assertThat(log.appendIfMatching(prevIndex, prevTerm, sent))
                    .isEqualTo(twin.appendIfMatching(prevIndex, prevTerm, sent));
        }

        /** As {@link RawNode} does it: pages, and a mark also where there is nothing new, for an older one may have been void. */
        private void handOut(long maxBytes) {
            Unstable unstable = log.unstable();
            List<Entry> page = unstable.nextEntries(maxBytes);
            assertThat(page)
                    .as("every entry is handed out once, in order, unless it is overwritten")
                    .isEqualTo(twin.nextEntries(maxBytes));
            Snapshot snapshot = unstable.nextSnapshot();
            assertThat(snapshot).isEqualTo(twin.pendingHandedOut ? Snapshot.NONE : twin.pending);
            long end =
                    page.isEmpty() ? log.lastIndex() : page.get(page.size() - 1).index();
            long mark = unstable.isEmpty() ? 0 : end;
            Out out = new Out(term, snapshot, page, mark, mark == 0 ? 0 : log.term(mark));
            toStore.add(out);
            toAcknowledge.add(out);
            unstable.handOut(Math.min(end, unstable.lastIndex()));
            twin.handedOut = end;
            twin.pendingHandedOut = !twin.pending.isNone();
        }

        /** The disk may be ahead of what the kernel is told. */
        private void store() {
            if (!toStore.isEmpty()) {
                Out out = toStore.remove();
                disk.append(out.snapshot(), HardState.EMPTY, out.entries());
            }
        }

        private void persisted() {
            if (toAcknowledge.isEmpty()) {
                return;
            }
            Out out = toAcknowledge.remove();
            if (toStore.contains(out)) {
                store();
            }
            if (out.end() != 0 && out.term() == term) {
                log.unstable().stableTo(out.end(), out.endTerm());
                twin.acknowledge(out.end(), out.endTerm());
            }
            if (!out.snapshot().isNone()) {
                log.unstable().snapshotStable(out.snapshot().index());
                twin.installed(out.snapshot());
                log.appliedTo(twin.applied, 0);
            }
        }

        private void handOutCommitted(long highest) {
            List<Entry> page = log.nextCommitted(highest);
            assertThat(page).isEqualTo(twin.nextCommitted(highest));
            assertThat(log.hasNextCommitted(highest)).isEqualTo(!page.isEmpty());
            if (!page.isEmpty()) {
                log.handOutCommitted(page, highest);
                twin.handOutCommitted(page, highest);
            }
        }

        void assertSame(int a, int b) {
            assertThat(log.firstIndex()).isEqualTo(twin.first());
            assertThat(log.lastIndex()).isEqualTo(twin.last());
            assertThat(log.lastTerm()).isEqualTo(twin.term(twin.last()));
            for (long index = twin.first() - 3; index <= twin.last() + 2; index++) {
                assertThat(log.term(index)).as("term of %d", index).isEqualTo(twin.term(index));
                assertThat(log.matches(index, b)).isEqualTo(twin.term(index) == b);
            }
            for (long low = twin.first(); low <= twin.last(); low += 1 + a % 3) {
                assertThat(log.entriesFrom(low, 3L * b)).isEqualTo(twin.range(low, twin.last() + 1, 3L * b));
            }
            assertThat(log.entriesFrom(twin.last() + 1, b)).isEmpty();
            assertThat(List.of(log.committed(), log.applying(), log.applied(), log.durableIndex()))
                    .containsExactly(twin.committed, twin.applying, twin.applied, twin.durable);
            assertThat(log.unstable().hasNextEntries()).isEqualTo(twin.handedOut < twin.last());
            assertThat(log.hasPendingSnapshot()).isEqualTo(!twin.pending.isNone());
            assertThat(log.storedSnapshot()).isEqualTo(twin.pending.isNone() ? disk.snapshot() : twin.pending);
            assertThat(log.hasUnappliedConfChange()).isEqualTo(twin.hasUnappliedConfChange());
            long lastTerm = twin.term(twin.last());
            for (long otherTerm = lastTerm - 1; otherTerm <= lastTerm + 1; otherTerm++) {
                for (long otherLast = twin.last() - 1; otherLast <= twin.last() + 1; otherLast++) {
                    boolean upToDate = otherTerm > lastTerm || (otherTerm == lastTerm && otherLast >= twin.last());
                    assertThat(log.isUpToDate(otherLast, otherTerm)).isEqualTo(upToDate);
                }
                assertThat(log.lastPossibleMatch(twin.last(), otherTerm))
                        .isEqualTo(twin.lastPossibleMatch(twin.last(), otherTerm));
            }
        }
    }
}
