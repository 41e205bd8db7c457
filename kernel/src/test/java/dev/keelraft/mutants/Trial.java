package dev.keelraft.mutants;

import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;

import java.nio.file.Path;
import java.util.Set;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs tests until the first one fails. The last line that it prints says what it came to:
 *
 * <pre>
 *   FAILED name
 *   PASSED count
 * </pre>
 */
final class Trial implements TestExecutionListener {
    private int passed;

    private Trial() {}

    /** Takes the folder of the test classes, a pattern for their full names, and a file for jqwik's memory. */
    public static void main(String[] args) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClasspathRoots(Set.of(Path.of(args[0]))))
                .filters(includeClassNamePatterns(args[1]))
                .configurationParameter("jqwik.database", args[2])
                .build();
        Launcher launcher = LauncherFactory.create();
        Trial trial = new Trial();
        launcher.execute(request, trial);
        end("PASSED " + trial.passed);
    }

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        if (!plan.containsTests()) {
            end("FAILED there is no such test");
        }
    }

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.FAILED) {
            end("FAILED " + name(identifier));
        } else if (identifier.isTest()) {
            passed++;
        }
    }

    private static String name(TestIdentifier identifier) {
        return identifier
                .getSource()
                .map(source -> {
                    if (source instanceof MethodSource method) {
                        return simple(method.getClassName()) + "." + method.getMethodName();
                    }
                    return source instanceof ClassSource type ? simple(type.getClassName()) : source.toString();
                })
                .orElse(identifier.getDisplayName());
    }

    private static String simple(String className) {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    /** Other threads of a test that failed, or of one that has left some, do not matter. */
    private static void end(String outcome) {
        System.out.println();
        System.out.println(outcome);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
