package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a log of one's own must do for the kernel, so that what a member has promised survives its crashes. Real nodes write to
 * it: single members whose peers the test plays, and whole groups that are killed at every persist point.
 *
 * <p>After each crash the log has to be as it was at some moment between the last sync and the crash: each Ready whole or not
 * at all, in their order, and none missing that was synced. What {@link StorageContract} says holds here too, and is not
 * repeated.
 */
public abstract class LogContract {
    private static final long ME = 1;
    private static final List<Long> VOTERS = List.of(1L, 2L, 3L);
    private static final Peer TWO = new Peer(2, ME);
    private static final Peer THREE = new Peer(3, ME);

    /** As many crashes as there is to choose from for one of a few moments. */
    private static final int TRIES = 12;

    /** Of the persist points of a Ready, counted from 1: it is appended, and not synced. */
    private static final int UNSYNCED = 2;

    private final Queue<Message> sent = new ArrayDeque<>();
    private final Member.Door door = new Member.Door() {
        @Override
        public HostLog open(String name) throws Exception {
            return LogContract.this.open(name);
        }

        @Override
        public void crash(String name, HostLog log, Random random) throws Exception {
            LogContract.this.crash(name, log, random);
        }
    };
    private final KillSwitch killSwitch = new KillSwitch();
    private Member member;

    /** For subclasses. */
    protected LogContract() {}

    /**
     * Opens a log: a new one if none of that name was opened before in this test; otherwise what was left by its last life, which
     * has ended.
     *
     * @param name letters, digits and hyphens
     */
    protected abstract HostLog open(String name) throws Exception;

    /**
     * Ends the life of a log without {@link HostLog#close}, as a crash does. What was not synced is lost, in part or in whole:
     * throw away as much of it as you can, for what is not lost here is not tested. Where nothing can be lost, give up locks
     * and open files.
     *
     * @param name that the log was opened with
     * @param log is not used any more
     * @param random to decide what is lost; a test that has failed fails again with the same numbers
     */
    protected abstract void crash(String name, HostLog log, Random random) throws Exception;

    /** Says that the log of a name is not opened again: its files may go. Does nothing unless it is overridden. */
    protected void discard(String name) throws Exception {}

    /**
     * Returns how many groups each test that kills at every persist point may start; if there are more points, it takes some at
     * regular distances. A group syncs about 200 times: logs on a slow disk take fewer. Default 100.
     */
    protected int groups() {
        return 100;
    }

    /** Starts member 1 of three. */
    @BeforeEach
    final void startMember() throws Exception {
        member = new Member(ME, "single", VOTERS, door, sent, killSwitch);
        member.handleReadys();
    }

    /** Ends it. */
    @AfterEach
    final void closeMember() throws Exception {
        member.close();
        discard("single");
    }

    private long term() {
        return member.node().status().hardState().term();
    }

    private long commit() {
        return member.model().hardState().commit();
    }

    /** Entries of a new leader, from an index on, of which some are committed at once. */
    private void append(Peer leader, long term, long first, int count, long commit) throws Exception {
        List<Entry> entries = LongStream.range(first, first + count)
                .mapToObj(index -> ReadyFeed.entry(term, index))
                .toList();
        long prev = first - 1;
        member.step(leader.append(term, prev, member.model().term(prev), commit, entries));
    }

    /** The same, and the member dies when they are appended and before they are synced. */
    private void appendUnsynced(Peer leader, long term, long first, int count, long commit) throws Exception {
        killSwitch.arm(UNSYNCED);
        assertThrows(KillSwitch.Killed.class, () -> append(leader, term, first, count, commit));
    }

    private static Snapshot snapshot(long index, long term) {
        byte[] data = ByteBuffer.allocate(Long.BYTES).putLong(index).array();
        return new Snapshot(index, term, ConfState.of(VOTERS), data);
    }

    // What was synced

    /** The first Ready of a member holds its hard state and the first configuration. */
    @Test
    public void the_first_batch_is_found_again() throws Exception {
        member.crash();
        assertEquals(VOTERS.size(), member.model().lastIndex());
    }

    /** Hard state and entries, after each of many crashes. */
    @Test
    public void what_was_synced_is_found_again() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            append(TWO, 2, member.model().lastIndex() + 1, 1 + i, commit());
            member.crash();
        }
        assertEquals(VOTERS.size() + TRIES * (TRIES + 1L) / 2, member.model().lastIndex());
    }

    /** A member that forgets its vote gives two in one term, and elects two leaders. */
    @Test
    public void a_granted_vote_survives() throws Exception {
        for (long term = 5; term < 5 + TRIES; term++) {
            LogModel model = member.model();
            long lastTerm = model.term(model.lastIndex());
            sent.clear();
            member.step(TWO.askForVote(term, model.lastIndex(), lastTerm));
            assertEquals(List.of(false), votesRejected(), "the vote for member 2 in term " + term);

            member.crash();

            member.step(THREE.askForVote(term, model.lastIndex(), lastTerm));
            assertEquals(List.of(false, true), votesRejected(), "votes for members 2 and 3 in term " + term);
        }
    }

    private List<Boolean> votesRejected() {
        return sent.stream()
                .filter(message -> message.type() == MessageType.VOTE_RESPONSE)
                .map(message -> ((Body.VoteResponse) message.body()).rejected())
                .toList();
    }

    /** A leader counts it, and tells its client that the write is done. */
    @Test
    public void an_acknowledged_entry_survives() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            sent.clear();
            long index = member.model().lastIndex() + 1;
            append(TWO, 2, index, 1, commit());
            assertTrue(
                    sent.stream()
                            .anyMatch(message -> message.body() instanceof Body.AppendResponse response
                                    && !response.rejected()
                                    && response.index() == index),
                    "the entry is acknowledged");
            member.crash();
            assertEquals(index, member.model().lastIndex());
        }
    }

    /** Also if it was durable once: the leader that replaced it counts on that. */
    @Test
    public void entries_that_were_replaced_do_not_come_back() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            long first = commit() + 1;
            append(TWO, 2 + 2L * i, first, 20, commit());
            append(THREE, 3 + 2L * i, first + i, 1, commit());
            member.crash();
            assertEquals(first + i, member.model().lastIndex());
        }
    }

    /** Nothing of the log that it has replaced comes back. */
    @Test
    public void an_installed_snapshot_replaces_the_log_for_good() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            long term = 2 + 2L * i;
            append(TWO, term, member.model().lastIndex() + 1, 10, commit());
            Snapshot snapshot = snapshot(member.model().lastIndex() - 4, term + 1);
            member.step(THREE.install(term + 1, snapshot));
            member.crash();
            assertEquals(snapshot.index(), member.model().lastIndex());
            assertEquals(snapshot, member.model().snapshot());
        }
    }

    /** The node takes one by itself for every few entries that it applies, and then compacts. */
    @Test
    public void saved_snapshots_and_what_is_behind_compaction_survive() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            long last = member.model().lastIndex();
            append(TWO, 2, last + 1, 12, last + 10);
            assertEquals(last + 10, member.model().snapshot().index());
            assertEquals(last + 9, member.model().highestFirstIndex());
            member.crash();
            assertEquals(last + 10, member.model().snapshot().index());
        }
    }

    // What was not

    /** A Ready is one batch: its entries without its hard state, or the other way round, are a state that never was. */
    @Test
    public void an_unsynced_batch_is_there_whole_or_not_at_all() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            long last = member.model().lastIndex();
            // A new term, entries, and a commit index among them.
            appendUnsynced(TWO, term() + 1, last + 1, 6, last + 2);
            member.crash();
            assertTrue(commit() <= member.model().lastIndex());
        }
    }

    /** The old entries, or the new ones. */
    @Test
    public void an_unsynced_replacement_is_there_whole_or_not_at_all() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            append(TWO, term() + 1, commit() + 1, 20, commit());
            appendUnsynced(THREE, term() + 1, commit() + 1 + i, 3, commit());
            member.crash();
        }
    }

    /** The old log, or the snapshot and nothing else. */
    @Test
    public void an_unsynced_installation_is_there_whole_or_not_at_all() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            append(TWO, term() + 1, member.model().lastIndex() + 1, 10, commit());
            Snapshot snapshot = snapshot(member.model().lastIndex() - 4, term() + 1);
            killSwitch.arm(UNSYNCED);
            long term = term() + 1;
            assertThrows(KillSwitch.Killed.class, () -> member.step(THREE.install(term, snapshot)));
            member.crash();
        }
    }

    /** The commit index alone is not synced. A crash takes it back to an earlier one, and no further than to the last sync. */
    @Test
    public void without_a_sync_a_commit_index_may_be_lost() throws Exception {
        for (int i = 0; i < TRIES; i++) {
            long last = member.model().lastIndex();
            long lastTerm = member.model().term(last);
            append(TWO, Math.max(2, lastTerm), last + 1, 7, last);
            for (long commit = last + 1; commit <= last + 7; commit++) {
                member.step(TWO.append(2, last + 7, 2, commit, List.of()));
            }
            member.crash();
            assertTrue(commit() >= last);
            assertEquals(last + 7, member.model().lastIndex());
        }
    }

    /** Hosts that let several Readys share a sync have many out. */
    @Test
    public void unsynced_batches_are_lost_from_the_end_on() throws Exception {
        member.syncLater();
        for (int i = 0; i < 2 * TRIES; i++) {
            for (int batch = 0; batch < 8; batch++) {
                append(batch % 2 == 0 ? TWO : THREE, term() + 1, member.model().lastIndex() + 1 - batch % 3, 3, 0);
            }
            member.crash();
        }
    }

    /** With one sync for all of them. */
    @Test
    public void batches_that_share_a_sync_are_all_found_again() throws Exception {
        member.syncLater();
        for (int i = 0; i < TRIES; i++) {
            long last = member.model().lastIndex();
            for (int batch = 0; batch < 8; batch++) {
                append(TWO, 2, member.model().lastIndex() + 1, 2, 0);
            }
            member.sync();
            member.crash();
            assertEquals(last + 16, member.model().lastIndex());
        }
    }

    // Ends and beginnings

    /** Synced or not. */
    @Test
    public void a_close_loses_nothing() throws Exception {
        member.syncLater();
        for (int i = 0; i < TRIES; i++) {
            long last = member.model().lastIndex();
            append(TWO, 2, last + 1, 5, last + 3);
            member.closeAndReopen();
            assertEquals(last + 5, member.model().lastIndex());
            assertEquals(last + 3, commit());
        }
    }

    /** However often a member starts, with crashes or without. */
    @Test
    public void opening_changes_nothing() throws Exception {
        append(TWO, 2, 4, 30, 20);
        append(THREE, 3, 28, 3, 20);
        String before = member.model().toString();
        for (int i = 0; i < TRIES; i++) {
            if (i % 3 == 2) {
                member.closeAndReopen();
            } else {
                member.crash();
            }
            assertEquals(before, member.model().toString());
        }
    }

    /** Sixty lives of one member, which does everything that a follower may, and dies at any point. */
    @Test
    public void any_life_goes_on_where_the_last_one_ended() throws Exception {
        Random random = new Random(4);
        for (int life = 0; life < 60; life++) {
            killSwitch.arm(1 + random.nextInt(25));
            try {
                for (int i = 0; i < 10; i++) {
                    doSomething(random);
                }
                killSwitch.arm(0);
                if (random.nextBoolean()) {
                    member.closeAndReopen();
                }
            } catch (KillSwitch.Killed killed) {
                member.crash();
            }
            member.check();
        }
    }

    private void doSomething(Random random) throws Exception {
        LogModel model = member.model();
        long last = model.lastIndex();
        Peer leader = random.nextBoolean() ? TWO : THREE;
        long term = term() + 1;
        switch (random.nextInt(5)) {
            case 0 -> append(leader, term, last + 1, 1 + random.nextInt(10), commit());
            case 1 -> append(leader, term, last + 1, 1, last);
            case 2 -> append(leader, term, commit() + 1 + random.nextLong(last - commit() + 1), 3, commit());
            case 3 -> member.step(leader.askForVote(term, last, model.term(last)));
            default -> {
                if (random.nextInt(4) == 0) {
                    member.step(leader.install(term, snapshot(commit() + 1 + random.nextInt(20), term)));
                }
            }
        }
    }

    // Groups

    /** Its log is all that it has. */
    @Test
    public void a_group_of_one_survives_a_crash_at_every_persist_point() throws Exception {
        sweep(1, Group.Victim.ONE);
    }

    /** Elections, conflicts, snapshots that are sent: at each moment of them one member goes, and comes back. */
    @Test
    public void a_group_of_three_survives_a_crash_at_every_persist_point() throws Exception {
        sweep(3, Group.Victim.ONE);
    }

    /** All of them go. */
    @Test
    public void a_group_of_three_survives_a_power_loss_at_every_persist_point() throws Exception {
        sweep(3, Group.Victim.ALL);
    }

    private void sweep(int size, Group.Victim victim) throws Exception {
        int points = live(size, victim, 0);
        int distance = Math.max(1, (points + groups() - 1) / groups());
        for (int point = 1; point <= points; point += distance) {
            try {
                live(size, victim, point);
            } catch (AssertionError | Exception e) {
                throw new AssertionError("after a crash at persist point " + point + " of " + points + ": " + e, e);
            }
        }
    }

    /** Returns how many persist points there were. */
    private int live(int size, Group.Victim victim, int killAt) throws Exception {
        KillSwitch kills = new KillSwitch();
        kills.arm(killAt);
        String name = "group-" + killAt;
        Group group = new Group(size, name, door, kills, victim);
        if (size == 1) {
            group.liveAlone();
        } else {
            group.liveTogether();
        }
        int points = kills.points();
        kills.arm(0);
        group.restartAll();
        group.close();
        for (int id = 1; id <= size; id++) {
            discard(Group.logName(name, id));
        }
        return points;
    }
}
