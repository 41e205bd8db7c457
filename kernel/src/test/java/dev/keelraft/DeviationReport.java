package dev.keelraft;

import dev.keelraft.ConformanceRun.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What some deviations change in the scripts of one source.
 *
 * @param source the directory or archive
 * @param deviations those that were on; all others were off
 * @param runs the scripts, in the order of their names
 */
record DeviationReport(String source, Set<Deviation> deviations, List<DeviationRun> runs) {

    /**
     * Runs the scripts of nodes below a directory on all cores; those of quorums and of the configuration changer alone concern no
     * deviation.
     *
     * @param direct whether to run only scripts that any host of ours could follow
     */
    static DeviationReport ofDirectory(Path directory, Set<Deviation> deviations, boolean direct) throws IOException {
        List<DeviationRun> runs = ConformanceReport.scripts(directory).parallelStream()
                .filter(path -> isOfNodes(Kind.of(directory, path)))
                .flatMap(path -> run(path, deviations, direct).stream())
                .toList();
        return new DeviationReport(directory.toString(), deviations, runs);
    }

    private static boolean isOfNodes(Kind kind) {
        return switch (kind) {
            case INTERACTION, STORY -> true;
            case CONFCHANGE, QUORUM -> false;
        };
    }

    private static Optional<DeviationRun> run(Path path, Set<Deviation> deviations, boolean direct) {
        try {
            ConformanceScript script = ConformanceScript.read(path);
            return direct && !script.isDirect()
                    ? Optional.empty()
                    : Optional.of(DeviationRun.of(script, path.toString(), deviations));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> failures() {
        return runs.stream().flatMap(run -> run.failures().stream()).toList();
    }

    /** The first difference of the first script that has one, in full. */
    Optional<String> firstDifference() {
        return runs.stream().flatMap(run -> run.first().stream()).findFirst();
    }

    @Override
    public String toString() {
        return String.format(
                "deviations: %s: on: %s: %d scripts, %d commands; %d outputs in %d scripts differ, %d commands no longer fit;"
                        + " %d failures, %d nodes failed as they should after lost entries",
                source,
                deviations.isEmpty()
                        ? "none"
                        : deviations.stream().map(Enum::name).collect(Collectors.joining(",")),
                runs.size(),
                runs.stream().mapToLong(DeviationRun::commands).sum(),
                runs.stream().mapToLong(DeviationRun::differences).sum(),
                runs.stream().filter(run -> run.differences() > 0).count(),
                runs.stream().mapToLong(DeviationRun::skipped).sum(),
                failures().size(),
                runs.stream().mapToLong(run -> run.due().size()).sum());
    }
}
