package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random requests, asked of an etcd that runs beside the test. It is skipped unless {@code -Dkeel.etcd=} names the
 * program in {@code src/test/go}, built: an etcd is too much to build in every run, and what it said once is recorded
 * for {@link EtcdRecordingTest}.
 *
 * <pre>
 * (cd example-app/src/test/go && go build -o /tmp/etcd-answers .)
 * mvn verify -pl example-app -am -Dtest=EtcdLiveTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dkeel.etcd=/tmp/etcd-answers [-Dkeel.etcd.seed=N] [-Dkeel.etcd.requests=N] [-Dkeel.etcd.record=FOLDER]
 * </pre>
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class EtcdLiveTest {
    @Test
    void an_etcd_answers_as_the_state_does() throws IOException {
        compare("answer");
    }

    @Test
    void an_etcd_that_keeps_no_old_revisions_answers_as_the_state_does() throws IOException {
        compare("compact");
    }

    @Test
    void an_etcd_answers_what_is_on_the_edge_as_the_state_does() throws IOException {
        try (Etcd etcd = new Etcd("answer")) {
            for (CraftedRequests.Case crafted : CraftedRequests.all()) {
                etcd.ask(crafted.request(), crafted.name());
            }
            etcd.record("crafted");
        }
    }

    private static void compare(String mode) throws IOException {
        long seed = Long.getLong("keel.etcd.seed", System.nanoTime());
        int count = Integer.getInteger("keel.etcd.requests", 2_000);
        try (Etcd etcd = new Etcd(mode)) {
            RandomRequests requests = new RandomRequests(seed, mode.equals("compact"));
            for (int i = 0; i < count; i++) {
                Message request = requests.next(etcd.member.state().revision());
                if (mode.equals("compact") && request instanceof TxnRequest txn && isNotForCompaction(txn)) {
                    continue;
                }
                etcd.ask(request, "seed " + seed + ", request " + i);
            }
            etcd.record(mode);
        }
    }

    /** The program, and a state that is asked the same. */
    private static final class Etcd implements AutoCloseable {
        final TestMember member = new TestMember();
        private final Process process;
        private final BufferedWriter out;
        private final BufferedReader in;
        private final List<String> recording = new ArrayList<>();

        Etcd(String mode) throws IOException {
            String program = System.getProperty("keel.etcd", "");
            assumeTrue(!program.isEmpty(), "skipped: -Dkeel.etcd= does not name the program in src/test/go");
            process = new ProcessBuilder(program, mode)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            out = process.outputWriter(StandardCharsets.UTF_8);
            in = process.inputReader(StandardCharsets.UTF_8);
        }

        void ask(Message request, String what) throws IOException {
            String line = EtcdRecording.line(request);
            out.write(line + "\n");
            out.flush();
            String answer = in.readLine();
            assertThat(answer).as("%s: %s", what, request).isNotNull();
            recording.add(line);
            recording.add(answer);
            assertThat(member.ask(request)).as("%s: %s", what, request).isEqualTo(EtcdRecording.answer(line, answer));
        }

        void record(String name) throws IOException {
            String folder = System.getProperty("keel.etcd.record", "");
            if (!folder.isEmpty()) {
                write(Path.of(folder, name + ".txt.gz"), recording);
            }
        }

        /** At the end of its input the program stops its etcd and removes its folder. */
        @Override
        public void close() throws IOException {
            out.close();
            process.onExit().orTimeout(1, TimeUnit.MINUTES).join();
        }
    }

    private static boolean isNotForCompaction(TxnRequest txn) {
        try {
            RequestValidator.check(txn);
            return RandomRequests.mayWriteTwice(txn);
        } catch (RefusedException e) {
            return false;
        }
    }

    private static void write(Path file, List<String> lines) throws IOException {
        try (Writer out =
                new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(file)), StandardCharsets.UTF_8)) {
            for (String line : lines) {
                out.write(line + "\n");
            }
        }
    }
}
