package dev.keelraft.example.server;

import dev.keelraft.Applied;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Host;
import dev.keelraft.testkit.Site;
import dev.keelraft.wal.OpenLog;
import dev.keelraft.wal.Recovered;
import dev.keelraft.wal.Wal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * A life of a server in the simulator: the parts of {@link KeelServer} between the network and the disk, turned by hand, on one
 * thread and in virtual time. What the kernel thread, the thread of the log and that of the snapshots do by turns there, they do
 * here when the site says that it is time.
 */
final class SimulatedServer implements Host {
    private static final long CLUSTER = 0xc1;
    private static final Duration TICK = Duration.ofMillis(100);

    /** For how long a client waits for an answer, by the member's own clock. */
    private static final long PATIENCE_NANOS = Duration.ofMillis(1_500).toNanos();

    private final Site site;
    private final SimulatedClients clients;
    private final Inbox inbox = new Inbox();
    private final Wal wal;
    private final SnapshotFiles files;
    private final LogThread log;
    private final SimulatedPeers peers;
    private final RawNode node;
    private final KernelLoop loop;

    /** The member's own clock: it goes on with its ticks. */
    private long nanos;

    private boolean turning;
    private boolean writing;

    SimulatedServer(Site site, SimulatedClients clients) {
        this.site = site;
        this.clients = clients;
        wal = ((OpenLog) site.log()).wal();
        Recovered recovered = wal.recovered();
        files = new SnapshotFiles(wal.snapshotDirectory(), CLUSTER, recovered.bootCount());
        Observer observer = new SiteObserver();
        StateMachine machine;
        try {
            machine = KeelServer.machineOf(recovered, files, observer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (!recovered.snapshot().isNone()) {
            site.restored(recovered.snapshot());
        }
        node = start(machine);
        log = new LogThread(wal, files, inbox, observer);
        peers = new SimulatedPeers(site, new PeerEntrance(inbox, files, wal::prepare), clients);
        Stored newest = new Stored(recovered.snapshot(), recovered.snapshotFile());
        long logBytes = 40L * site.snapshotEntries();
        loop = new KernelLoop(
                node,
                wal.storage(),
                log,
                machine,
                new Snapshots(log, files, newest, logBytes, node::safeCompactIndex, this::inBackground, inbox),
                peers,
                inbox,
                KernelLoop.Timing.of(TICK, site.config()),
                CLUSTER,
                MemberAttributes.newBuilder().setId(site.config().id()).build(),
                clients.random());
        loop.begin(nanos);
        turn();
    }

    private RawNode start(StateMachine machine) {
        Storage storage = wal.storage();
        if (!storage.hardState().isEmpty() || storage.lastIndex() > 0) {
            return RawNode.restart(site.config(), storage, new Applied(machine.index(), machine.confState()));
        }
        return site.founders().isEmpty()
                ? RawNode.join(site.config(), storage)
                : RawNode.bootstrap(site.config(), storage, site.founders());
    }

    /** Lets the kernel thread do what there is for it, and then that of the log begin. */
    private void turn() {
        if (turning) {
            return;
        }
        turning = true;
        try {
            loop.turn(() -> nanos);
            if (!writing && log.runNext()) {
                writing = true;
                site.disk(this::written);
            }
        } catch (RuntimeException | Error e) {
            // As the server does: who waits is told, and the process ends.
            loop.end();
            throw e;
        } finally {
            turning = false;
        }
    }

    /** What has gathered meanwhile shares the sync. A disk that is full is tried again with the next tick. */
    private void written() {
        writing = false;
        turning = true;
        try {
            boolean unused = log.runPending();
        } finally {
            turning = false;
        }
        turn();
    }

    private void inBackground(Runnable task) {
        site.disk(() -> {
            task.run();
            turn();
        });
    }

    @Override
    public void tick() {
        nanos += TICK.toNanos();
        turn();
    }

    @Override
    public void step(Message message) {
        if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            receive(peers.unpacked(message), peers.bulk(message));
        } else {
            peers.receive(message);
        }
        turn();
    }

    private void receive(Message message, ByteBuffer bulk) {
        try {
            ReceivedSnapshot received = new ReceivedSnapshot(
                    files,
                    message,
                    bulk.remaining(),
                    wal::prepare,
                    arrived -> inbox.add(kernel -> kernel.step(arrived)),
                    () -> {});
            received.write(bulk);
            received.finish();
        } catch (IOException e) {
            // The sender hears of it, or not; the kernel asks again.
        }
    }

    @Override
    public void submit(byte[] command, Reply reply) {
        clients.write(command, reply, loop.status().leader(), (put, future) -> {
            Inbox.Task task = kernel ->
                    kernel.writes().add(put, put.buildPartial().getSerializedSize(), nanos + PATIENCE_NANOS, future);
            inbox.add(task);
        });
        turn();
    }

    @Override
    public void query(byte[] question, boolean lease, Reply reply) {
        clients.read(
                question,
                reply,
                loop.status().leader(),
                future -> inbox.add(kernel -> kernel.reads().add(nanos + PATIENCE_NANOS, future)));
        turn();
    }

    @Override
    public void tell(Consumer<RawNode> call) {
        call.accept(node);
        turn();
    }

    private final class SiteObserver implements Observer {
        @Override
        public void appends(Ready ready) {
            site.appends(ready);
        }

        @Override
        public void saves(Snapshot snapshot, long releaseIndex) {
            site.saves(snapshot, releaseIndex);
        }

        @Override
        public void synced() {
            site.synced();
        }

        @Override
        public void undone() {
            site.undone();
        }

        @Override
        public void applied(Entry entry, ConfState members) {
            site.applied(entry);
            if (entry.type().isConfChange()) {
                site.configured(entry.index(), members);
            }
        }

        @Override
        public void installed(Snapshot snapshot) {
            site.restored(snapshot);
        }
    }
}
