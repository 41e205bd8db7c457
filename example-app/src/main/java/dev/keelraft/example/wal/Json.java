package dev.keelraft.example.wal;

import com.google.gson.stream.JsonWriter;
import dev.keelraft.model.HardState;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.WalRecord;
import dev.keelraft.wal.WalReport;
import dev.keelraft.wal.WalVerdict;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * What programs read of a log: one object. Ids, which may have all 64 bits, are strings; positions, indexes, terms and lengths
 * are numbers. What is not known or not there is left out.
 */
final class Json {
    private final StringWriter text = new StringWriter();
    private final JsonWriter json = new JsonWriter(text);

    private Json() {}

    private interface Content {
        void write(Json to) throws IOException;
    }

    private static String object(Content content) {
        Json json = new Json();
        try {
            json.json.beginObject();
            content.write(json);
            json.json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // It writes into memory.
        }
        return json.text.toString();
    }

    /** All of a report. */
    static String report(WalReport report) {
        return object(json -> {
            json.head(report);
            json.marked(report);
            json.segments(report.segments());
            json.groups(report.groups());
            json.snapshots(report.snapshots());
            json.others(report.others());
        });
    }

    /** What a log is worth. */
    static String verdict(WalReport report) {
        return object(json -> {
            json.head(report);
            json.snapshots(report.snapshots());
        });
    }

    /** What a repair has come to. */
    static String repaired(List<String> done, WalReport left) {
        return object(json -> {
            json.json.name("done").beginArray();
            for (String sentence : done) {
                json.json.value(sentence);
            }
            json.json.endArray();
            json.head(left);
        });
    }

    /** A record. */
    static String record(WalRecord record, boolean payload) {
        return object(json -> {
            json.number("position", record.position());
            json.number("batch", record.batch());
            json.id("group", record.group());
            json.string("type", record.type().toString());
            switch (record.type()) {
                case ENTRY -> json.entry(record, payload);
                case HARD_STATE -> json.hardState(record.hardState());
                case STATE -> {
                    json.indexAndTerm(record.index(), record.term());
                    json.json.name("hard_state").beginObject();
                    json.hardState(record.hardState());
                    json.json.endObject();
                    json.file(record.file());
                }
                case SNAPSHOT, INSTALL -> {
                    json.indexAndTerm(record.index(), record.term());
                    json.file(record.file());
                }
                case COMPACT -> json.indexAndTerm(record.index(), record.term());
                case BOOT -> json.number("open", record.bootCount());
            }
        });
    }

    private void entry(WalRecord record, boolean payload) throws IOException {
        indexAndTerm(record.index(), record.term());
        string("entry_type", record.entryType().map(Enum::toString).orElse(""));
        number("payload_bytes", record.payloadBytes());
        string("payload_crc32c", Texts.hex(record.payloadCrc32c()));
        if (payload) {
            string("payload", Base64.getEncoder().encodeToString(record.payload()));
        }
    }

    private void head(WalReport report) throws IOException {
        WalVerdict verdict = report.verdict();
        string("log", report.directory().toString());
        string("verdict", verdict.kind().toString());
        number("exit_code", LogArgument.exitCode(verdict.kind()));
        string("text", verdict.text());
        if (!verdict.file().isEmpty()) {
            string("file", verdict.file());
            number("offset", verdict.offset());
        }
        number("end_position", verdict.endPosition());
        known("durable_position", verdict.certifiedPosition());
        number("dropped_bytes", verdict.droppedBytes());
        known("cut_position", verdict.cutPosition());
        if (!verdict.cutProblem().isEmpty()) {
            string("cut_problem", verdict.cutProblem());
        }
        json.name("in_use").value(report.inUse());
        json.name("last_good").beginArray();
        for (WalVerdict.LastEntry last : verdict.lastGood()) {
            json.beginObject();
            id("group", last.group());
            indexAndTerm(last.index(), last.term());
            json.endObject();
        }
        json.endArray();
        later(verdict);
        if (report.identity().isPresent()) {
            identity(report.identity().get());
        }
    }

    private void later(WalVerdict verdict) throws IOException {
        json.name("readable_later").beginArray();
        for (WalVerdict.Fragment later : verdict.later()) {
            json.beginObject();
            string("file", later.file());
            number("position", later.position());
            number("batch", later.batch());
            id("group", later.group());
            number("first_index", later.firstIndex());
            number("last_index", later.lastIndex());
            number("first_term", later.firstTerm());
            number("last_term", later.lastTerm());
            json.endObject();
        }
        json.endArray();
        number("readable_later_frames", verdict.laterFrames());
        number("readable_later_entries", verdict.laterEntries());
    }

    private void identity(WalReport.Identity identity) throws IOException {
        json.name("identity").beginObject();
        id("cluster", identity.member().clusterId());
        id("member", identity.member().memberId());
        string("incarnation", identity.incarnation().toString());
        string("log_id", identity.log().toString());
        string("created", identity.created().toString());
        string("format", identity.major() + "." + identity.minor());
        json.name("must_rejoin").value(identity.mustRejoin());
        if (identity.damagedCopy() > 0) {
            number("damaged_copy", identity.damagedCopy());
        }
        json.endObject();
    }

    private void marked(WalReport report) throws IOException {
        if (report.mark().isPresent()) {
            WalReport.Marked mark = report.mark().get();
            json.name("mark").beginObject();
            number("opens", mark.bootCount());
            number("durable_position", mark.durablePosition());
            number("last_batch", mark.lastBatch());
            number("first_segment", mark.firstSegment());
            number("last_segment", mark.lastSegment());
            json.name("closed").value(mark.closed());
            json.name("slot_unreadable").value(mark.slotUnreadable());
            json.endObject();
        }
        if (report.owner().isPresent()) {
            WalReport.LastOwner owner = report.owner().get();
            json.name("owner").beginObject();
            number("pid", owner.pid());
            string("since", owner.since().toString());
            json.name("alive").value(owner.alive());
            json.endObject();
        }
    }

    private void segments(List<WalReport.SegmentFile> segments) throws IOException {
        json.name("segments").beginArray();
        for (WalReport.SegmentFile segment : segments) {
            json.beginObject();
            string("file", segment.name());
            number("number", segment.number());
            known("bytes", segment.bytes());
            known("position", segment.position());
            known("end_position", segment.endPosition());
            known("open", segment.bootCount());
            json.endObject();
        }
        json.endArray();
    }

    private void groups(List<WalReport.GroupLog> groups) throws IOException {
        json.name("groups").beginArray();
        for (WalReport.GroupLog group : groups) {
            json.beginObject();
            id("group", group.group());
            hardState(group.hardState());
            number("first_index", group.firstIndex());
            number("last_index", group.lastIndex());
            number("last_term", group.lastTerm());
            json.endObject();
        }
        json.endArray();
    }

    private void snapshots(List<WalReport.SavedState> snapshots) throws IOException {
        json.name("snapshots").beginArray();
        for (WalReport.SavedState saved : snapshots) {
            json.beginObject();
            id("group", saved.group());
            indexAndTerm(saved.index(), saved.term());
            file(saved.file());
            string("content", saved.content().toString());
            json.endObject();
        }
        json.endArray();
    }

    private void others(List<WalReport.OtherFile> others) throws IOException {
        json.name("other_files").beginArray();
        for (WalReport.OtherFile other : others) {
            json.beginObject();
            string("file", other.name());
            known("bytes", other.bytes());
            string("meaning", other.meaning().toString().toLowerCase(Locale.ROOT));
            json.endObject();
        }
        json.endArray();
    }

    private void indexAndTerm(long index, long term) throws IOException {
        number("index", index);
        number("term", term);
    }

    private void hardState(HardState state) throws IOException {
        number("term", state.term());
        id("vote", state.vote());
        number("commit", state.commit());
    }

    private void file(SnapshotFile file) throws IOException {
        if (!file.isNone()) {
            string("snapshot_file", file.name());
            number("snapshot_bytes", file.bytes());
            string("snapshot_crc32c", Texts.hex(file.crc32c()));
        }
    }

    private void id(String name, long id) throws IOException {
        json.name(name).value(Long.toUnsignedString(id));
    }

    private void known(String name, long number) throws IOException {
        if (number >= 0) {
            number(name, number);
        }
    }

    private void number(String name, long number) throws IOException {
        json.name(name).value(number);
    }

    private void string(String name, String value) throws IOException {
        json.name(name).value(value);
    }
}
