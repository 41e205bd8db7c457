package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.CompletionHandler;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import net.jqwik.api.Example;

/** A call may take or give fewer bytes than it was asked for, none at all, or some and then fail: {@link DiskFiles} copes. */
class ShortWritesTest {
    private static final Path PATH = Path.of("file");

    @Example
    void short_writes_are_continued_where_they_have_ended() throws IOException {
        for (int most = 1; most < 40; most++) {
            Channel channel = new Channel(most);
            byte[] content = new byte[1000];
            new Random(most).nextBytes(content);
            new DiskFiles.DiskFile(PATH, channel).write(ByteBuffer.wrap(content), 77);
            assertThat(Arrays.copyOfRange(channel.content, 77, 1077)).isEqualTo(content);
            assertThat(channel.calls).isGreaterThanOrEqualTo(1000 / most);
        }
    }

    @Example
    void short_reads_are_continued_where_they_have_ended() throws IOException {
        Channel channel = new Channel(7);
        new Random(1).nextBytes(channel.content);
        ByteBuffer into = ByteBuffer.allocate(500);
        new DiskFiles.DiskFile(PATH, channel).read(into, 3);
        assertThat(into.array()).isEqualTo(Arrays.copyOfRange(channel.content, 3, 503));
    }

    @Example
    void a_write_that_takes_nothing_ends_with_an_error_and_not_in_a_loop() {
        Channel channel = new Channel(0);
        assertThatThrownBy(() -> new DiskFiles.DiskFile(PATH, channel).write(ByteBuffer.allocate(9), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("takes no byte");
        assertThat(channel.calls).isEqualTo(1);
    }

    @Example
    void a_read_behind_the_end_says_so() {
        Channel channel = new Channel(9);
        assertThatThrownBy(() -> new DiskFiles.DiskFile(PATH, channel).read(ByteBuffer.allocate(9), 3995))
                .isInstanceOf(EOFException.class);
    }

    /* What a full disk does: it takes what fits, and fails with the next call. */
    @Example
    void a_write_that_fails_after_a_part_has_found_no_space() {
        Channel channel = new Channel(10);
        channel.failingCall = 4;
        assertThatThrownBy(() -> new DiskFiles.DiskFile(PATH, channel).write(ByteBuffer.allocate(100), 0))
                .isInstanceOf(NoSpaceException.class);
        assertThat(channel.calls).as("nobody tries again").isEqualTo(4);
    }

    @Example
    void a_limit_is_known_by_the_words_of_the_system_and_no_other_failure_is_taken_for_one() {
        for (String limit : List.of("No space left on device", "Disk quota exceeded", "File too large")) {
            assertThatThrownBy(() -> writeFailing(new IOException(limit)))
                    .isInstanceOf(NoSpaceException.class)
                    .hasMessageContaining(limit);
        }
        assertThatThrownBy(() -> writeFailing(new IOException("Input/output error")))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Input/output error");
        assertThatThrownBy(() -> writeFailing(new IllegalStateException("not a failure of the disk")))
                .isExactlyInstanceOf(IOException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    private static void writeFailing(Exception failure) throws IOException {
        Channel channel = new Channel(10);
        channel.failingCall = 1;
        channel.failure = failure;
        new DiskFiles.DiskFile(PATH, channel).write(ByteBuffer.allocate(1), 0);
    }

    /** Four thousand bytes in memory, of which a call moves so many at most. */
    private static final class Channel extends AsynchronousFileChannel {
        private final byte[] content = new byte[4000];
        private final int most;
        private int failingCall;
        private Exception failure = new IOException("No space left on device");
        private int calls;

        Channel(int most) {
            this.most = most;
        }

        @Override
        public Future<Integer> write(ByteBuffer from, long position) {
            calls++;
            if (calls == failingCall) {
                return CompletableFuture.failedFuture(failure);
            }
            int count = Math.min(most, from.remaining());
            from.get(content, (int) position, count);
            return CompletableFuture.completedFuture(count);
        }

        @Override
        public Future<Integer> read(ByteBuffer into, long position) {
            int left = content.length - (int) position;
            if (left <= 0) {
                return CompletableFuture.completedFuture(-1);
            }
            int count = Math.min(Math.min(most, into.remaining()), left);
            into.put(content, (int) position, count);
            return CompletableFuture.completedFuture(count);
        }

        @Override
        public long size() {
            return content.length;
        }

        @Override
        public AsynchronousFileChannel truncate(long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(boolean metadata) {}

        @Override
        public <A> void lock(
                long position,
                long size,
                boolean shared,
                A attachment,
                CompletionHandler<FileLock, ? super A> handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Future<FileLock> lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <A> void read(
                ByteBuffer dst, long position, A attachment, CompletionHandler<Integer, ? super A> handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <A> void write(
                ByteBuffer src, long position, A attachment, CompletionHandler<Integer, ? super A> handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
