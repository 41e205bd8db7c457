package dev.keelraft.example.demo;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.Compare.CompareResult;
import dev.keelraft.example.etcd.wire.Compare.CompareTarget;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The writes of the demo. They are numbered: write {@code n} puts line {@code n mod lines} of the text, in its {@code n
 * / lines}-th repetition. Writer {@code w} of {@code W} does the writes {@code w}, {@code w + W}, {@code w + 2W}, and so
 * on. So the number alone says the key, the value and whose write it is, and nothing else needs to be remembered.
 */
final class Workload {
    /** The keys are in {@code [PREFIX, PREFIX_END)}. */
    private static final String PREFIX = "demo/";

    private static final String PREFIX_END = "demo0";
    private static final Pattern KEY = Pattern.compile("demo/(\\d{6})/(\\d{7})");

    /** A page of a read should not be much longer than this, in bytes. */
    private static final int PAGE_BYTES = 1024 * 1024;

    private static final int PAGE_KEYS_MAX = 1000;

    private final List<String> lines;
    private final int writers;
    private final int pageKeys;

    /**
     * The writes of a text.
     *
     * @param writers how many share them; positive
     */
    Workload(Text text, int writers) {
        if (writers <= 0) {
            throw new IllegalArgumentException("writers " + writers + " is not positive");
        }
        lines = text.lines();
        this.writers = writers;
        int longest = lines.stream()
                .mapToInt(line -> line.getBytes(StandardCharsets.UTF_8).length)
                .max()
                .orElse(0);
        pageKeys = Math.max(1, Math.min(PAGE_KEYS_MAX, PAGE_BYTES / (longest + 100)));
    }

    /** How many writers there are. */
    int writers() {
        return writers;
    }

    /** The number of the {@code sequence}-th write of a writer; both count from 0. */
    int number(int writer, int sequence) {
        return Math.addExact(Math.multiplyExact(sequence, writers), writer);
    }

    /** The key of a write: repetition and line, so that a repetition read in order is the text. */
    ByteString key(int number) {
        return ByteString.copyFromUtf8(
                String.format(Locale.ROOT, "%s%06d/%07d", PREFIX, number / lines.size(), number % lines.size() + 1));
    }

    /** The value of a write: whose it is, and the line. No two writes have the same. */
    ByteString value(int number) {
        return ByteString.copyFromUtf8(
                "writer " + number % writers + " #" + number / writers + "|" + lines.get(number % lines.size()));
    }

    /** The number of the write to that key, or -1 if no write has that key. */
    int numberOf(ByteString key) {
        Matcher matcher = KEY.matcher(key.toStringUtf8());
        if (!matcher.matches()) {
            return -1;
        }
        long number = Long.parseLong(matcher.group(1)) * lines.size() + Long.parseLong(matcher.group(2)) - 1;
        // A line number that the text does not have would otherwise count as one of a later repetition.
        return number <= Integer.MAX_VALUE && key((int) number).equals(key) ? (int) number : -1;
    }

    /** Puts the key if it was never there, and tells what is there otherwise. */
    TxnRequest transaction(int number) {
        ByteString key = key(number);
        return TxnRequest.newBuilder()
                .addCompare(Compare.newBuilder()
                        .setTarget(CompareTarget.CREATE)
                        .setResult(CompareResult.EQUAL)
                        .setKey(key)
                        .setCreateRevision(0))
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(key).setValue(value(number))))
                .addFailure(RequestOp.newBuilder()
                        .setRequestRange(RangeRequest.newBuilder().setKey(key)))
                .build();
    }

    /** A page of what is there, linearizable: the keys after that one, or the first ones for an empty key. */
    RangeRequest pageAfter(ByteString key) {
        ByteString first =
                key.isEmpty() ? ByteString.copyFromUtf8(PREFIX) : key.concat(ByteString.copyFrom(new byte[1]));
        return RangeRequest.newBuilder()
                .setKey(first)
                .setRangeEnd(ByteString.copyFromUtf8(PREFIX_END))
                .setLimit(pageKeys)
                .build();
    }
}
