package dev.keelraft.testkit;

import dev.keelraft.Applied;
import dev.keelraft.ConfChangeResult;
import dev.keelraft.FailedRead;
import dev.keelraft.ProposalResult;
import dev.keelraft.RawNode;
import dev.keelraft.ReadPolicy;
import dev.keelraft.ReadResult;
import dev.keelraft.ReadState;
import dev.keelraft.Ready;
import dev.keelraft.Status;
import dev.keelraft.Storage;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What the two loops share: the start, the clients that wait, the state machine, and its snapshots. */
abstract class HostLoop implements Host {
    final Site site;
    final RawNode node;
    private final StateMachine machine;

    private long appliedIndex;
    private long appliedTerm;
    private ConfState members;
    private long membersIndex;
    private long storedCommit;
    private boolean saving;

    /** Snapshots that the node has taken and the disk not yet. */
    private int installing;

    /** Whether the members are not those of what is applied, since the node has those of such a snapshot. */
    private boolean membersOutdated;

    /** Commands in the log, by index, and in which term they are there. */
    private final TreeMap<Long, Waiting> commands = new TreeMap<>();

    /** Reads by the number in their context. */
    private final Map<Long, Question> questions = new HashMap<>();

    private final List<Confirmed> confirmed = new ArrayList<>();
    private long lastRead;

    private record Waiting(long term, Reply reply) {}

    private record Question(byte[] question, Reply reply) {}

    private record Confirmed(long index, Question question) {}

    HostLoop(Site site) {
        this.site = site;
        this.machine = site.machine();
        Storage storage = site.log().storage();
        Snapshot snapshot = storage.snapshot();
        members = snapshot.confState();
        appliedIndex = snapshot.index();
        appliedTerm = snapshot.term();
        storedCommit = storage.hardState().commit();
        if (!snapshot.isNone()) {
            machine.restore(snapshot.data());
            site.restored(snapshot);
        }
        if (!storage.hardState().isEmpty() || storage.lastIndex() > 0) {
            node = RawNode.restart(site.config(), storage, new Applied(appliedIndex, members));
        } else if (site.founders().isEmpty()) {
            node = RawNode.join(site.config(), storage);
        } else {
            node = RawNode.bootstrap(site.config(), storage, site.founders());
        }
    }

    /** Does what the node hands out. */
    abstract void pump();

    @Override
    public void tick() {
        node.tick();
        pump();
    }

    @Override
    public void step(Message message) {
        node.step(message);
        pump();
    }

    @Override
    public void tell(Consumer<RawNode> call) {
        call.accept(node);
        pump();
    }

    @Override
    public void submit(byte[] command, Reply reply) {
        ProposalResult result = node.propose(command);
        if (result.isAccepted()) {
            commands.put(result.index(), new Waiting(result.term(), reply));
        } else {
            reply.refused(result.leader());
        }
        pump();
    }

    @Override
    public void query(byte[] question, boolean lease, Reply reply) {
        long number = ++lastRead;
        byte[] context = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
        ReadPolicy policy = lease ? ReadPolicy.LEASE : ReadPolicy.LINEARIZABLE;
        site.asks(number, policy, ledTerm());
        ReadResult result = node.readIndex(context, policy);
        if (result == ReadResult.ACCEPTED || result == ReadResult.FORWARDED) {
            questions.put(number, new Question(question, reply));
        } else {
            reply.refused(0);
        }
        pump();
    }

    private long ledTerm() {
        Status status = node.status();
        return status.softState().role() == RaftRole.LEADER ? status.hardState().term() : 0;
    }

    final void send(List<Message> messages) {
        for (int i = 0; i < messages.size(); i++) {
            site.send(messages.get(i));
        }
    }

    private boolean isOutdated() {
        return installing > 0 || membersOutdated;
    }

    /** What a Ready brings that counts before anything of it is done. */
    final void taken(Ready ready) {
        if (!ready.snapshot().isNone()) {
            installing++;
        }
    }

    /** What the log holds now. */
    final void stored(Ready ready) {
        if (!ready.hardState().isEmpty()) {
            storedCommit = ready.hardState().commit();
            saveSnapshot();
        }
    }

    /** Sets the state machine to a snapshot that is durable now, before the node is told so. */
    final void install(Snapshot snapshot) {
        if (snapshot.isNone()) {
            return;
        }
        installing--;
        machine.restore(snapshot.data());
        appliedIndex = snapshot.index();
        appliedTerm = snapshot.term();
        members = snapshot.confState();
        membersOutdated = false;
        site.restored(snapshot);
        // What became of commands that the snapshot has passed over, nobody here knows: their clients ask again.
        commands.headMap(appliedIndex, true).clear();
        serveReads();
    }

    /** Applies what a Ready hands out. What a snapshot has passed over meanwhile has been applied with it. */
    final void apply(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            boolean isNew = entry.index() > appliedIndex;
            byte[] answer = null;
            if (entry.type() != EntryType.NORMAL) {
                ConfChangeResult change = node.applyConfChange(entry);
                membersOutdated |= isNew && change.outdated();
                if (isNew && !membersOutdated) {
                    members = change.confState();
                    membersIndex = entry.index();
                }
            } else if (isNew && entry.payloadBytes() > 0) {
                answer = machine.apply(entry.index(), entry.data());
            }
            if (!isNew) {
                continue;
            }
            appliedIndex = entry.index();
            appliedTerm = entry.term();
            site.applied(entry);
            if (entry.type() != EntryType.NORMAL && !membersOutdated) {
                site.configured(appliedIndex, members);
            }
            Waiting waiting = commands.remove(appliedIndex);
            if (waiting != null) {
                if (waiting.term() == entry.term() && answer != null) {
                    waiting.reply().done(answer);
                } else {
                    waiting.reply().refused(0);
                }
            }
        }
        serveReads();
        saveSnapshot();
    }

    final void noteReads(Ready ready) {
        for (FailedRead failed : ready.failedReads()) {
            Question question =
                    questions.remove(ByteBuffer.wrap(failed.context()).getLong());
            if (question != null) {
                question.reply().refused(0);
            }
        }
        for (ReadState read : ready.readStates()) {
            long number = ByteBuffer.wrap(read.context()).getLong();
            Question question = questions.remove(number);
            if (question == null) {
                throw new Violation(Violation.Rule.NO_FAILURE, "a read was answered that nobody has asked, or twice");
            }
            site.confirms(number, read.index());
            confirmed.add(new Confirmed(read.index(), question));
        }
        serveReads();
    }

    private void serveReads() {
        for (Iterator<Confirmed> waiting = confirmed.iterator(); waiting.hasNext(); ) {
            Confirmed read = waiting.next();
            if (read.index() <= appliedIndex) {
                waiting.remove();
                read.question().reply().done(machine.query(read.question().question()));
            }
        }
    }

    private void saveSnapshot() {
        long newest = site.log().storage().snapshot().index();
        // A snapshot that does not name a member is of no use to it. Where it is needed to commit anything more, none
        // that names it would ever be due by its size.
        boolean isDue = appliedIndex - newest >= site.snapshotEntries() || (membersIndex > newest && newest > 0);
        if (saving || !isDue || storedCommit < appliedIndex || isOutdated()) {
            return;
        }
        saving = true;
        Snapshot snapshot = new Snapshot(appliedIndex, appliedTerm, members, machine.snapshot());
        // With a limit: a member that is slow for ever must not hold the log back for ever.
        long compactTo = Math.max(node.safeCompactIndex(), appliedIndex - 4L * site.snapshotEntries());
        site.saveSnapshot(snapshot, Math.min(compactTo, appliedIndex), () -> {
            saving = false;
            // The next one may be due already, and nothing else may ever happen here without it.
            saveSnapshot();
        });
    }
}
