package dev.keelraft.example.demo;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Reads all that one member has, linearizably and page by page, and holds it against the ledger. */
final class ReadBack {
    private static final Duration PAGE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration PAUSE = Duration.ofMillis(100);

    /** How often to begin again when something changes between two pages. */
    private static final int PASSES_MAX = 10;

    private final Workload workload;
    private final Ledger ledger;
    private final EtcdClient client;
    private final long deadline;

    /**
     * A reading that is not yet begun.
     *
     * @param patience how long all of it may take
     */
    ReadBack(Workload workload, Ledger ledger, EtcdClient client, Duration patience) {
        this.workload = workload;
        this.ledger = ledger;
        this.client = client;
        deadline = System.nanoTime() + patience.toNanos();
    }

    /**
     * What was read.
     *
     * @param verdict what is to be said of the pairs
     * @param executed how many writes the store has executed, which its revision tells: it begins at 1, and each write
     *     adds 1
     */
    record Result(Ledger.Verdict verdict, long executed) {
        /** Each write that must be there is there, as it was written, and nothing was executed besides. */
        boolean isGood() {
            return verdict.isGood() && executed == verdict.found();
        }
    }

    /**
     * Reads.
     *
     * @throws DemoFailedException if the member does not answer in time, or contradicts itself
     */
    Result read() throws DemoFailedException, InterruptedException {
        for (int pass = 0; pass < PASSES_MAX; pass++) {
            Ledger.Check check = ledger.check();
            RangeResponse page = page(ByteString.EMPTY);
            long revision = page.getHeader().getRevision();
            long count = page.getCount();
            long found = 0;
            // An attempt that was given up may still be executed. Then the pages are of different states.
            while (page.getHeader().getRevision() == revision) {
                for (KeyValue pair : page.getKvsList()) {
                    check.found(pair);
                }
                found += page.getKvsCount();
                if (!page.getMore()) {
                    if (found != count) {
                        throw new DemoFailedException(
                                client.endpoint() + " counts " + count + " keys and returns " + found);
                    }
                    return new Result(check.verdict(), revision - 1);
                }
                if (page.getKvsCount() == 0) {
                    throw new DemoFailedException(client.endpoint() + " promises more keys and returns none");
                }
                page = page(page.getKvs(page.getKvsCount() - 1).getKey());
            }
        }
        throw new DemoFailedException("the store still changes, although nobody writes any more");
    }

    private RangeResponse page(ByteString after) throws DemoFailedException, InterruptedException {
        RangeRequest request = workload.pageAfter(after);
        while (true) {
            try {
                return client.range(request, PAGE_TIMEOUT);
            } catch (StatusRuntimeException e) {
                if (!Writers.mayBeRepeated(e.getStatus()) || System.nanoTime() - deadline > 0) {
                    throw new DemoFailedException(client.endpoint() + " cannot be read: " + EtcdClient.reason(e), e);
                }
                TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
            }
        }
    }
}
