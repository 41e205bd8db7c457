package dev.keelraft.example.wal;

import dev.keelraft.model.HardState;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.WalRecord;
import dev.keelraft.wal.WalReport;
import dev.keelraft.wal.WalVerdict;
import java.nio.file.Path;
import java.util.Locale;

/** What people read of a log. Positions are written plainly, so that they can be copied into a command. */
final class Texts {
    private static final int WIDTH = 100;
    private static final int SHOWN = 4;

    private Texts() {}

    // ---------------------------------------------------------------- the whole

    /** Writes all of a report. */
    static void report(Output out, WalReport report, Path directory) {
        field(out, "log", report.directory().toString());
        report.identity().ifPresent(identity -> {
            field(out, "member", identity.member().toString());
            field(out, "incarnation", identity.incarnation().toString());
            field(out, "created", identity.created() + ", format " + identity.major() + "." + identity.minor());
        });
        report.owner()
                .ifPresent(owner -> field(
                        out,
                        "last opened",
                        "by process " + owner.pid() + " at " + owner.since()
                                + (owner.alive() ? ", which lives" : ", which is gone")));
        report.mark()
                .ifPresent(mark -> field(
                        out,
                        "durable",
                        "up to position " + mark.durablePosition() + ", batch " + mark.lastBatch() + "; opened "
                                + (mark.bootCount() == 1 ? "once" : mark.bootCount() + " times") + ", "
                                + (mark.closed() ? "closed" : "not closed")));
        out.line("");
        verdict(out, report, directory);
        section(out, "Segments", segments(report));
        section(out, "Groups", groups(report));
        section(out, "Snapshots", snapshots(report));
        section(out, "Other files", others(report));
    }

    private static void section(Output out, String title, Table table) {
        out.line("");
        out.line(title);
        if (table.isEmpty()) {
            out.line("  none");
        }
        table.print(out);
    }

    private static Table segments(WalReport report) {
        Table table = new Table("file", ">bytes", ">position", ">end", ">open");
        for (WalReport.SegmentFile segment : report.segments()) {
            table.row(
                    segment.name(),
                    orUnknown(segment.bytes()),
                    orUnknown(segment.position()),
                    orUnknown(segment.endPosition()),
                    orUnknown(segment.bootCount()));
        }
        return table;
    }

    private static Table groups(WalReport report) {
        Table table = new Table(">group", ">term", ">vote", ">commit", ">first index", ">last index", ">last term");
        for (WalReport.GroupLog group : report.groups()) {
            HardState state = group.hardState();
            table.row(
                    Long.toUnsignedString(group.group()),
                    state.term(),
                    Long.toUnsignedString(state.vote()),
                    state.commit(),
                    group.firstIndex(),
                    group.lastIndex(),
                    group.lastTerm());
        }
        return table;
    }

    private static Table snapshots(WalReport report) {
        Table table = new Table(">group", ">index", ">term", "file", ">bytes", "crc32c", "content");
        for (WalReport.SavedState saved : report.snapshots()) {
            table.row(
                    Long.toUnsignedString(saved.group()),
                    saved.index(),
                    saved.term(),
                    saved.file().name(),
                    saved.file().bytes(),
                    hex(saved.file().crc32c()),
                    word(saved.content()));
        }
        return table;
    }

    private static Table others(WalReport report) {
        Table table = new Table("file", ">bytes", "what it is");
        for (WalReport.OtherFile other : report.others()) {
            table.row(escaped(other.name()), orUnknown(other.bytes()), word(other.meaning()));
        }
        return table;
    }

    // ---------------------------------------------------------------- the verdict

    /** Writes what a log is worth, and what to do about it. */
    static void verdict(Output out, WalReport report, Path directory) {
        WalVerdict verdict = report.verdict();
        wrapped(out, "verdict", verdict.kind() + ": " + verdict.text());
        if (!verdict.file().isEmpty()) {
            field(out, "where", verdict.file() + ", offset " + verdict.offset());
        }
        if (verdict.kind() == WalVerdict.Kind.CORRUPT) {
            damage(out, report, directory);
        }
        report.identity()
                .filter(identity -> identity.damagedCopy() > 0)
                .ifPresent(identity -> wrapped(
                        out,
                        "note",
                        "copy " + identity.damagedCopy()
                                + " of IDENTITY cannot be read; the other one is whole. The next open, or"
                                + " repair, writes it anew."));
        report.mark()
                .filter(WalReport.Marked::slotUnreadable)
                .ifPresent(mark -> wrapped(
                        out,
                        "note",
                        "one slot of MARK cannot be read; the other one counts. A crash leaves it so, and rot. The next open, or"
                                + " repair, writes it anew."));
        for (WalReport.SavedState saved : report.snapshots()) {
            if (isBad(saved.content())) {
                wrapped(
                        out,
                        "note",
                        "the snapshot " + saved.file() + " is " + word(saved.content())
                                + ". An open goes back to an older one, or to the log, if they reach as far.");
            }
        }
    }

    static boolean isBad(WalReport.Content content) {
        return content != WalReport.Content.WHOLE && content != WalReport.Content.NOT_READ;
    }

    private static void damage(Output out, WalReport report, Path directory) {
        WalVerdict verdict = report.verdict();
        field(out, "good up to", "position " + verdict.endPosition());
        field(
                out,
                "was durable",
                verdict.certifiedPosition() < 0
                        ? "nobody knows how far"
                        : "up to position " + verdict.certifiedPosition());
        String label = "last good";
        for (WalVerdict.LastEntry last : verdict.lastGood()) {
            field(out, label, group(last.group()) + "entry " + last.index() + " of term " + last.term());
            label = "";
        }
        label = "missing";
        for (WalVerdict.LastEntry last : verdict.lastGood()) {
            long next = firstLater(verdict, last.group());
            if (next > last.index() + 1) {
                field(
                        out,
                        label,
                        group(last.group()) + "entries " + (last.index() + 1) + " to " + (next - 1)
                                + ", up to what can be read again");
                label = "";
            }
        }
        label = "readable";
        for (WalVerdict.Fragment later :
                verdict.later().subList(0, Math.min(SHOWN, verdict.later().size()))) {
            field(
                    out,
                    label,
                    group(later.group()) + "entries " + later.firstIndex() + " to " + later.lastIndex() + " of term "
                            + later.firstTerm()
                            + (later.lastTerm() == later.firstTerm() ? "" : " to " + later.lastTerm())
                            + ", in batch " + later.batch() + " at position " + later.position());
            label = "";
        }
        if (verdict.laterFrames() > 0) {
            field(
                    out,
                    label,
                    "in all " + verdict.laterFrames() + " frames with " + verdict.laterEntries()
                            + " entries behind the damage");
        }
        if (verdict.cutPosition() >= 0) {
            field(out, "cut", "only to look at what is left, or if no other member has the data:");
            field(out, "", "keel-kv wal repair " + directory + " --cut-at " + verdict.cutPosition() + " --accept-loss");
        } else {
            wrapped(out, "cut", "it cannot be cut: " + verdict.cutProblem() + ".");
        }
    }

    private static long firstLater(WalVerdict verdict, long group) {
        return verdict.later().stream()
                .filter(later -> later.group() == group)
                .mapToLong(WalVerdict.Fragment::firstIndex)
                .findFirst()
                .orElse(0);
    }

    private static String group(long group) {
        return "group " + Long.toUnsignedString(group) + ": ";
    }

    // ---------------------------------------------------------------- the records

    /** The heads of {@link #record}. */
    static String recordHeads() {
        return recordLine("position", "batch", "group", "type", "index", "term", "bytes", "crc32c", "");
    }

    /** A record, in a line. */
    static String record(WalRecord record, boolean payload) {
        boolean entry = record.type() == WalRecord.Type.ENTRY;
        return recordLine(
                Long.toString(record.position()),
                Long.toString(record.batch()),
                Long.toUnsignedString(record.group()),
                record.type().toString(),
                orNone(record.index()),
                orNone(record.term()),
                entry ? Integer.toString(record.payloadBytes()) : "",
                entry ? hex(record.payloadCrc32c()) : "",
                detail(record) + (payload && entry ? "  " + printable(record.payload()) : ""));
    }

    private static String recordLine(String... cells) {
        return String.format(Locale.ROOT, "%12s %9s %6s %-10s %11s %8s %9s %-8s  %s", (Object[]) cells);
    }

    private static String detail(WalRecord record) {
        return switch (record.type()) {
            case ENTRY -> record.entryType().map(Enum::toString).orElse("");
            case HARD_STATE -> hardState(record.hardState());
            case STATE -> hardState(record.hardState()) + file(record.file());
            case SNAPSHOT, INSTALL -> record.file().toString();
            case COMPACT -> "";
            case BOOT -> "open " + record.bootCount();
        };
    }

    private static String hardState(HardState state) {
        return "vote " + Long.toUnsignedString(state.vote()) + ", commit " + state.commit();
    }

    private static String file(SnapshotFile file) {
        return file.isNone() ? "" : ", " + file;
    }

    /* A terminal must not obey what some client has written. */
    static String printable(byte[] bytes) {
        StringBuilder text = new StringBuilder("\"");
        for (byte b : bytes) {
            char c = (char) (b & 0xff);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c >= ' ' && c < 0x7f) {
                text.append(c);
            } else {
                text.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
            }
        }
        return text.append('"').toString();
    }

    // ---------------------------------------------------------------- parts

    /** Writes a value behind its name. */
    static void field(Output out, String label, String value) {
        out.line(String.format(Locale.ROOT, "%-12s", label) + value);
    }

    /** The same, over several lines where it is long. */
    static void wrapped(Output out, String label, String text) {
        String name = label;
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > WIDTH) {
                field(out, name, line.toString());
                name = "";
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        field(out, name, line.toString());
    }

    static String hex(int checksum) {
        return String.format(Locale.ROOT, "%08x", checksum);
    }

    private static String orUnknown(long number) {
        return number < 0 ? "-" : Long.toString(number);
    }

    private static String orNone(long number) {
        return number == 0 ? "" : Long.toString(number);
    }

    private static String word(Enum<?> constant) {
        return constant.toString().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String escaped(String name) {
        return name.chars().anyMatch(Character::isISOControl)
                ? printable(name.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                : name;
    }
}
