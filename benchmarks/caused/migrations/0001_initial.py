from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.AutoField(primary_key=True)),
                ("code", models.CharField(db_index=True, max_length=20)),
                ("total", models.IntegerField()),
            ],
        ),
    ]
