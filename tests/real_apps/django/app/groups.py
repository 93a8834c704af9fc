from django.contrib.auth.models import Group, Permission

engineers = Group.objects.create(name="engineers")
engineers.permissions.set(Permission.objects.filter(codename="view_group"))
