package dev.keelraft.example.wal;

import java.util.ArrayList;
import java.util.List;

/** Rows of cells that line up: numbers at the right, words at the left. */
final class Table {
    private final List<String> heads;
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with these heads. A head that begins with {@code >} stands, as its column does, at the right. */
    Table(String... heads) {
        this.heads = List.of(heads);
    }

    /** Adds a row, with a cell for each head. */
    void row(Object... cells) {
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(List.copyOf(row));
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Writes the rows, each behind two spaces, under their heads; nothing if there are none. */
    void print(Output out) {
        if (rows.isEmpty()) {
            return;
        }
        int[] widths = new int[heads.size()];
        List<String> titles = new ArrayList<>();
        for (String head : heads) {
            titles.add(isRight(head) ? head.substring(1) : head);
        }
        for (int i = 0; i < widths.length; i++) {
            widths[i] = titles.get(i).length();
            for (List<String> row : rows) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        out.line(line(titles, widths));
        rows.forEach(row -> out.line(line(row, widths)));
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String space = " ".repeat(widths[i] - cells.get(i).length());
            line.append("  ").append(isRight(heads.get(i)) ? space + cells.get(i) : cells.get(i) + space);
        }
        return line.toString();
    }

    private static boolean isRight(String head) {
        return head.startsWith(">");
    }
}
