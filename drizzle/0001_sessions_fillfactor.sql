-- Room on each page for the new version of a row: a refresh stays a heap-only (HOT) update.
ALTER TABLE "sessions" SET (fillfactor = 80);
