package dev.keelraft.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;

/** A run as a page that shows itself: a lane for each member, terms as colours, messages, crashes, faults, and what was broken. */
final class Picture {
    private Picture() {}

    static String of(Report report) {
        StringBuilder data =
                new StringBuilder("{\"end\":").append(report.millis()).append(",\"members\":[");
        TreeSet<Long> members = new TreeSet<>();
        for (Trace.Event event : report.trace()) {
            if (event.member() != 0) {
                members.add(event.member());
            }
            if (event.other() != 0) {
                members.add(event.other());
            }
        }
        String separator = "";
        for (long member : members) {
            data.append(separator).append(member);
            separator = ",";
        }
        data.append("],\"events\":[");
        separator = "";
        for (Trace.Event event : report.trace()) {
            data.append(separator)
                    .append("{\"kind\":\"")
                    .append(event.kind())
                    .append("\",\"at\":")
                    .append(event.at())
                    .append(",\"until\":")
                    .append(event.until())
                    .append(",\"member\":")
                    .append(event.member())
                    .append(",\"other\":")
                    .append(event.other())
                    .append(",\"text\":\"")
                    .append(escaped(event.text()))
                    .append("\"}");
            separator = ",\n";
        }
        data.append("]}");
        return template()
                .replace("%TITLE%", "Keel simulation, seed " + report.seed())
                .replace("%COMMAND%", report.command() + "\n" + report.setup())
                .replace("%DATA%", data);
    }

    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // A "<" could end the script that this stands in.
            if (c == '"' || c == '\\' || c == '<' || c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static String template() {
        try (InputStream in = Picture.class.getResourceAsStream("picture.html")) {
            if (in == null) {
                throw new IllegalStateException("picture.html is missing in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
