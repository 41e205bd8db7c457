package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.keelraft.example.demo.FaultyBackend.Fault;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.TestServer;
import dev.keelraft.example.etcd.wire.PutRequest;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Writers and the reading back over real connections, against groups that keep their word and groups that do not. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class WritersTest {
    private static final int WRITES = 300;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Workload workload = new Workload(Text.builtIn(), 4);
    private final Ledger ledger = new Ledger(workload);
    private final Pace pace = new Pace();

    private record Run(ReadBack.Result result, int faults, long repeated, long foundDone) {}

    private Run run(Fault fault) throws IOException, DemoFailedException, InterruptedException {
        CountDownLatch written = new CountDownLatch(WRITES);
        FaultyBackend backend = new FaultyBackend(fault, written);
        TestServer first = new TestServer(backend, url -> {});
        TestServer second = new TestServer(backend, url -> {});
        try (EtcdClient one = new EtcdClient(first.url());
                EtcdClient two = new EtcdClient(second.url())) {
            Writers writers = new Writers(workload, ledger, pace, List.of(one, two), PATIENCE);
            writers.start();
            written.await();
            writers.stop(PATIENCE);
            assertThat(writers.failure()).isNull();
            ReadBack.Result result = new ReadBack(workload, ledger, two, PATIENCE).read();
            return new Run(result, backend.faults(), writers.repeatedCount(), writers.foundDoneCount());
        } finally {
            first.stop();
            second.stop();
        }
    }

    @Test
    void each_write_is_there_once() throws IOException, DemoFailedException, InterruptedException {
        Run run = run(Fault.NONE);

        assertThat(run.result.isGood()).isTrue();
        assertThat(run.result.executed()).isGreaterThanOrEqualTo(WRITES);
        assertThat(run.result.verdict().found()).isEqualTo(ledger.acknowledgedCount());
        assertThat(pace.count()).isEqualTo(ledger.acknowledgedCount());
        assertThat(ledger.unknownCount()).isZero();
        assertThat(ledger.violationCount()).isZero();
        assertThat(run.repeated).isZero();
    }

    @Test
    void a_write_whose_answer_is_lost_is_repeated_and_found_done()
            throws IOException, DemoFailedException, InterruptedException {
        Run run = run(Fault.ANSWER_LOST);

        assertThat(run.result.isGood()).isTrue();
        assertThat(ledger.violationCount()).isZero();
        assertThat(run.faults).isGreaterThan(WRITES / FaultyBackend.PERIOD / 2);
        assertThat(run.repeated).isEqualTo(run.faults);
        // An answer that is lost twice in a row is found done once.
        assertThat(run.foundDone).isPositive().isLessThanOrEqualTo(run.faults);
    }

    @Test
    void a_write_whose_request_is_lost_is_repeated_and_executed()
            throws IOException, DemoFailedException, InterruptedException {
        Run run = run(Fault.REQUEST_LOST);

        assertThat(run.result.isGood()).isTrue();
        assertThat(run.repeated).isEqualTo(run.faults).isPositive();
        assertThat(run.foundDone).isZero();
    }

    @Test
    void a_group_that_loses_what_it_acknowledged_is_found_out()
            throws IOException, DemoFailedException, InterruptedException {
        Run run = run(Fault.WRITE_LOST);

        assertThat(run.result.isGood()).isFalse();
        assertThat(run.result.verdict().lost()).isEqualTo(run.faults).isPositive();
        assertThat(run.result.verdict().described().get(0)).contains("was acknowledged, and is not there");
    }

    @Test
    void a_group_that_executes_a_request_twice_is_found_out()
            throws IOException, DemoFailedException, InterruptedException {
        Run run = run(Fault.EXECUTED_TWICE);

        assertThat(ledger.violationCount()).isEqualTo(run.faults).isPositive();
        assertThat(ledger.violations().get(0)).contains("was sent once and executed twice");
    }

    @Test
    void writes_besides_the_writers_show_in_the_revision()
            throws IOException, DemoFailedException, InterruptedException {
        CountDownLatch put = new CountDownLatch(1);
        TestServer server = new TestServer();
        try (EtcdClient client = new EtcdClient(server.url())) {
            ledger.sent(0);
            ledger.acknowledged(0);
            client.txn(workload.transaction(0), PATIENCE);
            assertThat(new ReadBack(workload, ledger, client, PATIENCE).read().isGood())
                    .isTrue();

            client.put(
                    PutRequest.newBuilder()
                            .setKey(workload.key(0))
                            .setValue(workload.value(0))
                            .build(),
                    PATIENCE,
                    new CountingObserver(put));
            put.await();
            ReadBack.Result result = new ReadBack(workload, ledger, client, PATIENCE).read();

            assertThat(result.isGood()).isFalse();
            assertThat(result.executed()).isEqualTo(2);
            assertThat(result.verdict().doubled()).isEqualTo(1);
        } finally {
            server.stop();
        }
    }

    @Test
    void a_member_that_does_not_run_cannot_be_read() throws IOException {
        int port = FreePorts.find(1).get(0);
        try (EtcdClient client = new EtcdClient("http://127.0.0.1:" + port)) {
            assertThat(catchThrowable(() -> new ReadBack(workload, ledger, client, Duration.ZERO).read()))
                    .isInstanceOf(DemoFailedException.class)
                    .hasMessageContaining("127.0.0.1:" + port + " cannot be read: UNAVAILABLE");
        }
    }

    @Test
    void only_trouble_of_the_member_is_a_reason_to_repeat() {
        assertThat(Writers.mayBeRepeated(Status.UNAVAILABLE)).isTrue();
        assertThat(Writers.mayBeRepeated(Status.DEADLINE_EXCEEDED)).isTrue();
        assertThat(Writers.mayBeRepeated(Status.INVALID_ARGUMENT)).isFalse();
        assertThat(Writers.mayBeRepeated(Status.UNIMPLEMENTED)).isFalse();
    }
}
