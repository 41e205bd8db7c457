package dev.keelraft.example.wal;

import dev.keelraft.wal.WalInspection;
import dev.keelraft.wal.WalRecord;
import dev.keelraft.wal.WalReport;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code wal dump}. */
@Command(
        name = "dump",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Shows the records of a log one by one, in the order in which they were written, as far as it is good.",
            "Later ones may have replaced them. Payloads are not shown unless --payload asks for them."
        })
final class DumpCommand implements Callable<Integer> {
    @Mixin
    private LogArgument log = new LogArgument();

    @Option(names = "--payload", description = "show the payloads of entries: in JSON as base64")
    private boolean payload;

    @Option(names = "--group", paramLabel = "ID", description = "only records of this group")
    private String group = "";

    @Option(names = "--from", paramLabel = "POSITION", description = "only records at this position or behind it")
    private long from;

    @Override
    public Integer call() {
        if (from < 0) {
            throw log.wrong("--from is " + from + ", and must be 0 or more");
        }
        OptionalLong only = group.isEmpty() ? OptionalLong.empty() : OptionalLong.of(log.id("--group", group));
        return log.run((out, progress) -> {
            if (!log.json()) {
                out.line(Texts.recordHeads());
            }
            WalInspection inspection = WalInspection.of(log.directory()); // What it prints is progress enough.
            WalReport report = (payload ? inspection.withPayloads() : inspection).read(record -> {
                if (record.position() >= from && (only.isEmpty() || only.getAsLong() == record.group())) {
                    print(out, record);
                }
            });
            out.flush();
            if (!report.verdict().opens()) {
                log.say(report.verdict().kind() + ": " + report.verdict().text());
            }
            return LogArgument.exitCode(report.verdict().kind());
        });
    }

    private void print(Output out, WalRecord record) {
        out.line(log.json() ? Json.record(record, payload) : Texts.record(record, payload));
    }
}
