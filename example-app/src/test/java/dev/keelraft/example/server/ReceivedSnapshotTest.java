package dev.keelraft.example.server;

import static dev.keelraft.example.server.SnapshotFilesTest.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.SnapshotDescriptor;
import dev.keelraft.example.server.ReceivedSnapshot.Arrived;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.SnapshotFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot comes in from a peer that may be wrong, and leaves a file only if it was right. */
class ReceivedSnapshotTest {
    private static final long CLUSTER = 0xc1;
    private static final ConfState MEMBERS = ConfState.of(List.of(1L, 2L));
    private static final KeyValueState STATE = SnapshotFilesTest.state(40);

    @TempDir
    private Path sender = Path.of("");

    @TempDir
    private Path receiver = Path.of("");

    private SnapshotFiles files = new SnapshotFiles(receiver, CLUSTER, 1);
    private Snapshot snapshot = Snapshot.NONE;
    private byte[] bytes = new byte[0];
    private final List<Arrived> arrived = new ArrayList<>();
    private int ended;

    @BeforeEach
    void write() throws IOException {
        files = new SnapshotFiles(receiver, CLUSTER, 1);
        take(CLUSTER);
    }

    /** What a member of a cluster sends. */
    private void take(long cluster) throws IOException {
        Stored stored = new SnapshotFiles(sender, cluster, 1).write(new Snapshot(9, 3, MEMBERS, new byte[0]), STATE);
        snapshot = stored.snapshot();
        bytes = Files.readAllBytes(sender.resolve(stored.file().name()));
    }

    private ReceivedSnapshot begin(Snapshot announced, long length) throws IOException {
        Message message = new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 3, new Body.InstallSnapshot(announced));
        return new ReceivedSnapshot(files, message, length, MemoryDisk::unprepared, arrived::add, () -> ended++);
    }

    private ReceivedSnapshot begin() throws IOException {
        return begin(snapshot, bytes.length);
    }

    private static void send(ReceivedSnapshot sink, byte[] all) throws IOException {
        for (int from = 0; from < all.length; from += 1000) {
            sink.write(ByteBuffer.wrap(all, from, Math.min(1000, all.length - from))
                    .asReadOnlyBuffer());
        }
    }

    private static Snapshot describedAs(Snapshot snapshot, long length, int crc) {
        byte[] data = SnapshotDescriptor.newBuilder()
                .setBytes(length)
                .setCrc32C(crc)
                .build()
                .toByteArray();
        return new Snapshot(snapshot.index(), snapshot.term(), snapshot.confState(), data);
    }

    private static int crc(byte[] of) {
        CRC32C crc = new CRC32C();
        crc.update(of);
        return (int) crc.getValue();
    }

    private void assertNothingIsLeft() {
        assertThat(names(receiver)).isEmpty();
        assertThat(arrived).isEmpty();
    }

    private void assertRefusedAtTheEnd(ReceivedSnapshot sink, String why) {
        int before = ended;
        assertThatThrownBy(sink::finish).isInstanceOf(IOException.class).hasMessageContaining(why);
        assertThat(ended).isEqualTo(before + 1);
        assertNothingIsLeft();
    }

    @Test
    void a_snapshot_arrives_with_its_file_and_its_state() throws IOException {
        ReceivedSnapshot sink = begin();
        send(sink, bytes);
        assertThat(names(receiver)).singleElement().asString().endsWith(".tmp");
        sink.finish();

        assertThat(ended).isEqualTo(1);
        assertThat(arrived).hasSize(1);
        Arrived one = arrived.get(0);
        assertThat(one.snapshot()).isEqualTo(snapshot);
        assertThat(one.state()).isEqualTo(STATE);
        String name = one.stored().file().name();
        assertThat(names(receiver)).containsExactly(name);
        assertThat(SnapshotFile.of(receiver.resolve(name)))
                .isEqualTo(one.stored().file());
        files.deleteAllBut(List.of());
        assertThat(names(receiver)).as("reserved until the log refers to it").containsExactly(name);
    }

    @Test
    void too_few_bytes_are_refused() throws IOException {
        for (int missing : new int[] {1, 1000, bytes.length}) {
            ReceivedSnapshot sink = begin();
            send(sink, Arrays.copyOf(bytes, bytes.length - missing));
            assertRefusedAtTheEnd(sink, "of the announced");
        }
    }

    @Test
    void too_many_bytes_are_refused_as_they_come() throws IOException {
        ReceivedSnapshot sink = begin();
        assertThatThrownBy(() -> send(sink, Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("more than the announced");
        sink.abort();
        assertThat(ended).isEqualTo(1);
        assertNothingIsLeft();
    }

    @Test
    void damage_on_the_way_is_found_by_the_announced_checksum() throws IOException {
        for (int at = 0; at < bytes.length; at += 100) {
            ReceivedSnapshot sink = begin();
            send(sink, flipped(at));
            assertRefusedAtTheEnd(sink, "checksum");
        }
    }

    /** The file was damaged when the leader read it: it is announced as it is, with the checksum of the damage. */
    @Test
    void damage_at_the_sender_is_found_by_the_file_s_own_checksums() throws IOException {
        for (int at = 0; at < bytes.length; at += 100) {
            byte[] damaged = flipped(at);
            ReceivedSnapshot sink = begin(describedAs(snapshot, damaged.length, crc(damaged)), damaged.length);
            send(sink, damaged);
            assertRefusedAtTheEnd(sink, "");
        }
    }

    private byte[] flipped(int at) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= (byte) (1 << (at / 100 % 8));
        return damaged;
    }

    @Test
    void a_snapshot_of_another_cluster_or_of_another_place_is_refused() throws IOException {
        take(CLUSTER + 1);
        ReceivedSnapshot other = begin();
        send(other, bytes);
        assertRefusedAtTheEnd(other, "should be of");

        take(CLUSTER);
        ReceivedSnapshot further = begin(new Snapshot(snapshot.index() + 1, 3, MEMBERS, snapshot.data()), bytes.length);
        send(further, bytes);
        assertRefusedAtTheEnd(further, "should be of");
    }

    @Test
    void a_descriptor_that_lies_is_refused() throws IOException {
        assertThatThrownBy(() -> begin(snapshot, bytes.length - 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("announced");
        assertThatThrownBy(() -> begin(new Snapshot(9, 3, MEMBERS, new byte[] {(byte) 0xff}), bytes.length))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("descriptor");
        assertThat(ended).as("whoever gets no sink ends it himself").isZero();
        assertNothingIsLeft();

        ReceivedSnapshot sink = begin(describedAs(snapshot, bytes.length, ~crc(bytes)), bytes.length);
        send(sink, bytes);
        assertRefusedAtTheEnd(sink, "checksum");
    }

    @Test
    void an_aborted_snapshot_leaves_nothing() throws IOException {
        ReceivedSnapshot sink = begin();
        sink.write(ByteBuffer.wrap(bytes, 0, 100));
        sink.abort();
        assertThat(ended).isEqualTo(1);
        assertNothingIsLeft();
    }

    @Test
    void a_snapshot_that_is_not_taken_in_the_end_leaves_nothing() throws IOException {
        Message message = new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 3, new Body.InstallSnapshot(snapshot));
        ReceivedSnapshot sink = new ReceivedSnapshot(
                files,
                message,
                bytes.length,
                MemoryDisk::unprepared,
                one -> {
                    throw new IOException("no time");
                },
                () -> ended++);
        send(sink, bytes);
        assertRefusedAtTheEnd(sink, "no time");
    }

    @Test
    void a_snapshot_that_cannot_be_forced_leaves_nothing() throws IOException {
        Message message = new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 3, new Body.InstallSnapshot(snapshot));
        ReceivedSnapshot sink = new ReceivedSnapshot(
                files,
                message,
                bytes.length,
                file -> {
                    assertThat(names(receiver)).as("has its name").containsExactly(file.name());
                    throw new IOException("the disk fails");
                },
                arrived::add,
                () -> ended++);
        send(sink, bytes);
        assertRefusedAtTheEnd(sink, "the disk fails");
    }
}
