package dev.keelraft.testkit;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * What the member under test is told by another one, which the test plays.
 *
 * @param id the other
 * @param to the member under test
 */
record Peer(long id, long to) {
    /** Entries behind a place, as a leader sends them. */
    Message append(long term, long prevIndex, long prevTerm, long commit, List<Entry> entries) {
        return new Message(
                MessageType.APPEND, id, to, term, new Body.Append(prevIndex, prevTerm, commit, List.copyOf(entries)));
    }

    /** A snapshot, as a leader sends it. */
    Message install(long term, Snapshot snapshot) {
        return new Message(MessageType.INSTALL_SNAPSHOT, id, to, term, new Body.InstallSnapshot(snapshot));
    }

    /** The request of a vote, in an election that no leader holds up. */
    Message askForVote(long term, long lastIndex, long lastTerm) {
        return new Message(MessageType.VOTE, id, to, term, new Body.Vote(lastIndex, lastTerm, true));
    }
}
