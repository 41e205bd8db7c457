package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * What the kernel may read of the host's durable log. The host implements it; {@link MemoryStorage} is the reference, the WAL
 * module has one on disk.
 *
 * <p>The kernel only reads, only inside calls of {@link RawNode}, and expects every call to answer at once: where entries would
 * have to be read from a slow disk, {@link #entries} says so, and the host reads them on a thread of its own. The host moves the view on the thread that calls the kernel, between two calls: what a {@link
 * Ready} holds becomes visible no later than the call of {@link RawNode#advance} or {@link RawNode#persisted} for it (earlier
 * is harmless, for the kernel has newer entries in memory and asks itself first).
 *
 * <p>The log holds the entries {@code firstIndex()} to {@code lastIndex()} without gaps. Just before it lies an index whose
 * entry is gone and whose term is still known: the index of the snapshot that the log starts from, or 0.
 *
 * <pre>
 *    index  0 ... firstIndex-1 | firstIndex ... lastIndex |
 *    term    unknown  known    |      known               | none
 *    entry       gone          |      there               | none
 * </pre>
 *
 * <p>A {@link RuntimeException} out of any of these methods stops the group: the kernel call that met it throws {@link
 * RaftFailedException} with {@link FailureCause#STORAGE}.
 *
 * <p>The kernel's artifact with the classifier {@code testkit} has all of this as tests: {@code dev.keelraft.testkit}.
 */
public interface Storage {
    /** Returns the hard state that was stored last, or {@link HardState#EMPTY}. Read once, when the node starts. */
    HardState hardState();

    /** Returns the index of the first entry that is there, or that will be the first if there is none: at least 1. */
    long firstIndex();

    /** Returns the index of the last entry that is there, or {@code firstIndex() - 1} if there is none. */
    long lastIndex();

    /**
     * Returns the term of an index in {@code [firstIndex() - 1, lastIndex()]}; 0 for index 0. The kernel asks for no other.
     */
    long term(long index);

    /**
     * Returns entries in {@code [low, high)}, without gaps from {@code low} on: at least one, then as many as together take no
     * more than {@code maxBytes} of {@link Entry#wireBytes()}. Fewer are always allowed.
     *
     * <p>An empty list means that they are there, and not at hand: pending. Then the host gets them from where they are, keeps
     * them for the next question, and calls {@link RawNode#entriesFetched}; until then the peer, or the state machine, that
     * needs them waits, and nobody else does. While a node is started nothing may be pending.
     *
     * @param low at least {@code firstIndex()}
     * @param high more than {@code low}, at most {@code lastIndex() + 1}
     * @param maxBytes 0 or more; the first entry is returned however large it is
     * @return a list that never changes
     */
    List<Entry> entries(long low, long high, long maxBytes);

    /**
     * Returns the newest snapshot to send to a follower that needs entries which are gone, or {@link Snapshot#NONE} if none
     * can be had right now: the kernel asks again later. Its index must be at least {@code firstIndex() - 1}, or the follower
     * would need entries behind it that are gone too.
     */
    Snapshot snapshot();
}
