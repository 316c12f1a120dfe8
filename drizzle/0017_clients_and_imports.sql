CREATE TABLE "idempotent_requests" (
	"actor" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"request_hash" "bytea" NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"status" integer,
	"sealed_reply" "bytea",
	CONSTRAINT "idempotent_requests_actor_key_hash_pk" PRIMARY KEY("actor","key_hash")
);
--> statement-breakpoint
CREATE TABLE "import_problems" (
	"import_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"problem" text NOT NULL,
	CONSTRAINT "import_problems_import_id_line_pk" PRIMARY KEY("import_id","line")
);
--> statement-breakpoint
CREATE TABLE "imports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"actor" text NOT NULL,
	"source" text NOT NULL,
	"format" text NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"lines" integer DEFAULT 0 NOT NULL,
	"imported" integer DEFAULT 0 NOT NULL,
	"existing" integer DEFAULT 0 NOT NULL,
	"rejected" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "former_secret_hash" "bytea";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "former_secret_ends_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "import_problems" ADD CONSTRAINT "import_problems_import_id_imports_id_fk" FOREIGN KEY ("import_id") REFERENCES "public"."imports"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotent_requests_in_time" ON "idempotent_requests" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "accounts_foreign_hashes" ON "accounts" USING btree (substring(password_hash FROM '^\$[^$]+\$(?:v=\d+\$)?[^$]+\$')) WHERE password_hash NOT LIKE '$argon2id$v=19$m=%,p=1$%';