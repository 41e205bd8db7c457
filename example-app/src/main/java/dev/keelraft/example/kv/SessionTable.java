package dev.keelraft.example.kv;

import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The sessions that are open.
 *
 * @param sessions by id
 * @param evictedAt the index at which a session last had to go, or 0
 * @param bytes about how much memory they take
 */
record SessionTable(TreePMap<Long, Session> sessions, long evictedAt, long bytes) {
    /** How many sessions there may be; each start of a server process opens one. */
    static final int MAX_SESSIONS = 1024;

    static final SessionTable EMPTY = new SessionTable(TreePMap.empty(Session.ORDER), 0, 0);

    /** What a session costs without its results. */
    private static final long SESSION_OVERHEAD_BYTES = 150;

    @Nullable
    Session find(long id) {
        return sessions.get(id);
    }

    /** The table with the newer version of a session that it has, or with one more. */
    SessionTable with(Session session) {
        Session older = find(session.id());
        long added = older == null ? SESSION_OVERHEAD_BYTES : -older.resultBytes();
        return new SessionTable(sessions.plus(session.id(), session), evictedAt, bytes + added + session.resultBytes());
    }

    /**
     * The table with room for one more session: where it is full, the session goes of which no command was executed for
     * longest.
     *
     * @param index of the command that opens the other one
     */
    SessionTable makeRoom(long index) {
        if (sessions.size() < MAX_SESSIONS) {
            return this;
        }
        Session oldest = null;
        for (Session session : sessions.values()) {
            if (oldest == null || session.lastUsed() < oldest.lastUsed()) {
                oldest = session;
            }
        }
        return oldest == null
                ? this
                : new SessionTable(
                        sessions.minus(oldest.id()), index, bytes - SESSION_OVERHEAD_BYTES - oldest.resultBytes());
    }
}
