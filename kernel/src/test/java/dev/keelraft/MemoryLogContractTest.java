package dev.keelraft;

import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.LogContract;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

// The package page of the kit shows what follows.
/** A log in memory that loses what was not synced keeps the contract. */
class MemoryLogContractTest extends LogContract {
    private final Map<String, MemoryLog.Disk> disks = new HashMap<>();

    @Override
    protected HostLog open(String name) {
        return new MemoryLog(disks.computeIfAbsent(name, missing -> new MemoryLog.Disk()));
    }

    @Override
    protected void crash(String name, HostLog log, Random random) {
        disks.getOrDefault(name, new MemoryLog.Disk()).crash(random); // loses some of what was not synced
    }

    @Override
    protected void discard(String name) {
        disks.remove(name);
    }
}
